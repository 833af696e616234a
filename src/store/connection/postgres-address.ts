/**
 * A Postgres address as libpq reads it ("Connection URIs" in the PostgreSQL manual): several hosts, each with its port,
 * and the parameters that say how to speak to them. `URL` knows only one host.
 */

/** Where a server listens: a port of a host, or the folder of a socket. */
export type Host = { host: string; port: number }

/** `require` encrypts and believes whoever answers; `verify-ca` asks for a certificate, `verify-full` for one of that host. */
export type SslMode = 'disable' | 'allow' | 'prefer' | 'require' | 'verify-ca' | 'verify-full'

export type Address = {
  hosts: readonly Host[]
  user: string
  password: string
  database: string
  sslMode: SslMode
  /** Files: the certificates to believe (`system`: those of this machine), and our own with its key. */
  sslRootCert: string | null
  sslCert: string | null
  sslKey: string | null
  /** Only a server that takes writes will do. */
  wantsPrimary: boolean
  connectTimeoutMs: number
  /** What goes to the server as it is. */
  options: string | null
  applicationName: string
}

/** Why an address cannot be used, in words that repeat nothing of it. */
export type AddressFault = { fault: string }

const SSL_MODES: readonly string[] = ['disable', 'allow', 'prefer', 'require', 'verify-ca', 'verify-full']
/** What a server must be. `prefer-standby` and the like are for readers; this program writes. */
const PRIMARY: Readonly<Record<string, boolean>> = { any: false, 'read-write': true, primary: true }
const PARTS = /^postgres(?:ql)?:\/\/(?:([^@/?#]*)@)?([^/?#]*)(?:\/([^?#]*))?(?:\?([^#]*))?$/
const DEFAULT_PORT = 5432
const CONNECT_SECONDS = 15

const decode = (text: string): string | null => {
  try {
    return decodeURIComponent(text)
  } catch {
    return null
  }
}

/** `[::1]:5432`, `name`, `name:5432`, or a folder with `%2F`. */
const hostOf = (text: string, port: number): Host | null => {
  const match = /^(\[[^\]]*\]|[^:[\]]*)(?::(\d{1,5}))?$/.exec(text)
  const name = match ? decode(match[1]!.replace(/^\[|\]$/g, '')) : null
  if (!match || name === null) return null
  const at = match[2] === undefined ? port : Number(match[2])
  return at >= 1 && at <= 65_535 ? { host: name === '' ? 'localhost' : name, port: at } : null
}

const isLocal = ({ host }: Host): boolean => host.startsWith('/') || /^(localhost|127\.\d+\.\d+\.\d+|::1)$/i.test(host)

/**
 * Reads an address. Without `sslmode` a connection that leaves this machine is encrypted where the server can. Of several
 * hosts the one that takes writes is meant, unless `target_session_attrs=any`. Parameters that are for other programs
 * (`pgbouncer`, `schema`, `connection_limit`) are passed over: poolers refuse what they do not know.
 */
export const parseAddress = (text: string): Address | AddressFault => {
  const match = PARTS.exec(text.trim())
  if (!match) return { fault: 'it does not have the form postgres://user:password@host:5432/database' }
  const [, credentials = '', authority = '', path = '', query = ''] = match
  // The rest of a password would be taken for a host or a database, and be shown.
  if ((authority + path + query).includes('@'))
    return { fault: 'a sign stands in it where none can; in a password write @, /, ? and # as %40, %2F, %3F and %23' }
  const params = new URLSearchParams(query)
  const colon = credentials.indexOf(':')
  const user = decode(colon < 0 ? credentials : credentials.slice(0, colon))
  const password = colon < 0 ? '' : decode(credentials.slice(colon + 1))
  const database = decode(path)
  if (user === null || password === null || database === null)
    return { fault: 'user, password or database has a % that is no code; write a % itself as %25' }
  const named = params.get('host')
  const hosts = (named ?? authority).split(',').map((each) => hostOf(each, Number(params.get('port') ?? DEFAULT_PORT)))
  if (hosts.some((host) => host === null)) return { fault: 'a host or port in it cannot be read' }
  const given = hosts as Host[]

  const root = params.get('sslrootcert')
  const mode =
    params.get('sslmode') ?? (root === 'system' ? 'verify-full' : given.every(isLocal) ? 'disable' : 'prefer')
  if (!SSL_MODES.includes(mode)) return { fault: `sslmode must be one of ${SSL_MODES.join(', ')}` }
  const attrs = params.get('target_session_attrs') ?? (given.length > 1 ? 'read-write' : 'any')
  const wantsPrimary = Object.hasOwn(PRIMARY, attrs) ? PRIMARY[attrs] : undefined
  if (wantsPrimary === undefined)
    return { fault: `target_session_attrs must be one of ${Object.keys(PRIMARY).join(', ')}, for this program writes` }
  const seconds = Number(params.get('connect_timeout') ?? CONNECT_SECONDS)
  const name = user || params.get('user') || 'postgres'
  return {
    hosts: given,
    user: name,
    password: password || (params.get('password') ?? ''),
    database: database || params.get('dbname') || name,
    // libpq: with certificates to believe, `require` verifies them.
    sslMode: (mode === 'require' && root !== null ? 'verify-ca' : mode) as SslMode,
    sslRootCert: root,
    sslCert: params.get('sslcert'),
    sslKey: params.get('sslkey'),
    wantsPrimary,
    connectTimeoutMs: (Number.isFinite(seconds) && seconds > 0 ? seconds : CONNECT_SECONDS) * 1000,
    options: params.get('options'),
    applicationName: params.get('application_name') ?? 'smart-cars-sync',
  }
}
