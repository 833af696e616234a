/** A socket to a Postgres server, encrypted as the address asks, before the first word is said. */
import { Buffer } from 'node:buffer'
import { connect, isIP, type Socket } from 'node:net'
import { connect as secure, type TLSSocket } from 'node:tls'
import type { Address, Host, SslMode } from './postgres-address.ts'

/** Certificates as PEM text: those to believe (null: those of this machine), and our own with its key. */
export type Certificates = { ca: string | null; cert: string | null; key: string | null }

/** "SSLRequest" of the protocol: its length and its number. */
const SSL_REQUEST = Buffer.from([0, 0, 0, 8, 4, 210, 22, 47])
const YES = 0x53

const coded = (code: string, message: string): Error => Object.assign(new Error(message), { code })

/** Resolves with the next bytes; rejects when the socket fails or ends before. */
const firstBytes = (socket: Socket): Promise<Uint8Array> =>
  new Promise((resolve, reject) => {
    const ended = (): void => reject(coded('ECONNRESET', 'the server closed the connection'))
    socket.once('data', (bytes) => {
      socket.off('error', reject)
      socket.off('close', ended)
      resolve(bytes)
    })
    socket.once('error', reject)
    socket.once('close', ended)
  })

const opened = <S extends Socket>(socket: S, event: 'connect' | 'secureConnect'): Promise<S> =>
  new Promise((resolve, reject) => {
    socket.once(event, () => {
      socket.off('error', reject)
      resolve(socket)
    })
    socket.once('error', reject)
  })

const encrypt = (socket: Socket, host: string, mode: SslMode, { ca, cert, key }: Certificates): Promise<TLSSocket> => {
  const verifies = mode === 'verify-ca' || mode === 'verify-full'
  const tls = secure({
    socket,
    ...(isIP(host) ? {} : { servername: host }),
    host,
    rejectUnauthorized: verifies,
    ...(ca === null ? {} : { ca }),
    ...(cert === null ? {} : { cert }),
    ...(key === null ? {} : { key }),
    // A certificate that is believed, of whatever host.
    ...(mode === 'verify-ca' ? { checkServerIdentity: () => undefined } : {}),
  })
  return opened(tls, 'secureConnect')
}

const negotiate = async (socket: Socket, host: string, mode: SslMode, certificates: Certificates): Promise<Socket> => {
  await opened(socket, 'connect')
  // As libpq does it: with Nagle's algorithm the end of every COPY waits some 40 ms for an acknowledgement.
  socket.setNoDelay(true)
  if (mode === 'disable' || mode === 'allow') return socket
  socket.write(SSL_REQUEST)
  const [answer] = await firstBytes(socket)
  if (answer === YES) return encrypt(socket, host, mode, certificates)
  if (mode === 'prefer') return socket
  throw coded('SSL_REFUSED', `the server speaks no TLS, and sslmode=${mode} asks for it`)
}

/** Whoever was waited for has not answered in time. */
export const tooLate = ({ connectTimeoutMs }: Address, { host, port }: Host): Error =>
  coded('CONNECT_TIMEOUT', `${host}:${port} did not answer within ${connectTimeoutMs / 1000} s`)

/**
 * Opens a socket to this host. Rejects with an error that has a code: the system's, `CONNECT_TIMEOUT`, `SSL_REFUSED` or
 * what TLS says of a certificate. Local sockets are never encrypted.
 */
export const openSocket = async (address: Address, at: Host, certificates: Certificates): Promise<Socket> => {
  const { sslMode, connectTimeoutMs } = address
  const { host, port } = at
  const isLocalSocket = host.startsWith('/')
  const socket = isLocalSocket ? connect({ path: `${host}/.s.PGSQL.${port}` }) : connect({ host, port })
  let timer: ReturnType<typeof setTimeout> | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(tooLate(address, at)), connectTimeoutMs)
  })
  try {
    return await Promise.race([negotiate(socket, host, isLocalSocket ? 'disable' : sslMode, certificates), late])
  } catch (error) {
    socket.on('error', () => {})
    socket.destroy()
    throw error
  } finally {
    clearTimeout(timer)
    late.catch(() => {})
  }
}
