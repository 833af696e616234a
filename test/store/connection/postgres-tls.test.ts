/** What `sslmode` means, against a real server with a certificate of an authority that nobody else believes. */
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { chmodSync, chownSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, it } from 'node:test'
import { ConfigError, openDatabase } from '../../../src/node.ts'
import { adviceFor } from '../../../src/store/connection/retryable.ts'
import { newPostgresUrl } from '../../support/databases.ts'
import { startPostgres } from '../../support/postgres.ts'

const UNPRIVILEGED = 65534

const openssl = (cwd: string, line: string): void =>
  void execFileSync('openssl', line.split(' '), { cwd, stdio: 'pipe' })

const hasOpenssl = ((): boolean => {
  try {
    openssl('/', 'version')
    return true
  } catch {
    return false
  }
})()

const certificates = (): string => {
  const folder = mkdtempSync(join(tmpdir(), 'carsync-tls-'))
  after(() => rmSync(folder, { recursive: true, force: true }))
  for (const name of ['ca', 'other'])
    openssl(folder, `req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=${name} -keyout ${name}.key -out ${name}.pem`)
  openssl(
    folder,
    'req -newkey rsa:2048 -nodes -subj /CN=localhost -addext subjectAltName=DNS:localhost -keyout server.key -out server.csr',
  )
  openssl(folder, 'x509 -req -in server.csr -CA ca.pem -CAkey ca.key -days 2 -copy_extensions copy -out server.pem')
  chmodSync(join(folder, 'server.key'), 0o600)
  chmodSync(folder, 0o755)
  if (process.getuid?.() === 0) chownSync(join(folder, 'server.key'), UNPRIVILEGED, UNPRIVILEGED)
  return folder
}

describe('sslmode', { skip: hasOpenssl ? false : 'openssl is not installed: apt-get install openssl' }, async () => {
  if (!hasOpenssl) return
  const folder = certificates()
  const pg = await startPostgres({
    ssl: 'on',
    ssl_cert_file: `'${join(folder, 'server.pem')}'`,
    ssl_key_file: `'${join(folder, 'server.key')}'`,
  })
  after(() => pg.close())
  const { port } = new URL(pg.url)
  const [ca, other] = [join(folder, 'ca.pem'), join(folder, 'other.pem')]

  /** Whether the connection is encrypted, or the error. */
  const encrypted = async (host: string, query: string, at = port): Promise<unknown> => {
    const db = await openDatabase(
      { databaseUrl: `postgres://postgres@${host}:${at}/postgres${query}` },
      { embeddedFolder: null },
    )
    try {
      const [row] = await db.query('select ssl from pg_stat_ssl where pid = pg_backend_pid()')
      return row!.ssl
    } catch (error) {
      return error
    } finally {
      await db.close()
    }
  }
  const codeOf = (found: unknown): string => (found as { code?: string }).code ?? String(found)

  it('encrypts or does not, as it says', async () => {
    assert.equal(await encrypted('localhost', '?sslmode=disable'), false)
    assert.equal(await encrypted('localhost', ''), false, 'within this machine there is nothing to hide')
    for (const mode of ['prefer', 'require']) assert.equal(await encrypted('localhost', `?sslmode=${mode}`), true, mode)
  })

  it('verify-full believes the authority it was given, for the host that was asked', async () => {
    assert.equal(await encrypted('localhost', `?sslmode=verify-full&sslrootcert=${ca}`), true)
    const wrongHost = await encrypted('127.0.0.1', `?sslmode=verify-full&sslrootcert=${ca}`)
    assert.equal(codeOf(wrongHost), 'ERR_TLS_CERT_ALTNAME_INVALID')
    assert.match(adviceFor(wrongHost) ?? '', /another host/)
  })

  it('verify-ca believes it for any host, and so does require with a file of authorities', async () => {
    assert.equal(await encrypted('127.0.0.1', `?sslmode=verify-ca&sslrootcert=${ca}`), true)
    assert.equal(await encrypted('127.0.0.1', `?sslmode=require&sslrootcert=${ca}`), true)
  })

  it('refuses what is signed by anybody else', async () => {
    for (const query of [
      `?sslmode=verify-full&sslrootcert=${other}`,
      `?sslmode=verify-ca&sslrootcert=${other}`,
      `?sslmode=require&sslrootcert=${other}`,
      '?sslmode=verify-full',
      '?sslrootcert=system',
    ]) {
      const refused = await encrypted('localhost', query)
      assert.match(adviceFor(refused) ?? codeOf(refused), /not believed here/, query)
    }
  })

  it('refuses a server without TLS where it asks for it, and only there', async () => {
    const plain = new URL(await newPostgresUrl())
    assert.equal(codeOf(await encrypted('127.0.0.1', '?sslmode=require', plain.port)), 'SSL_REFUSED')
    assert.equal(await encrypted('127.0.0.1', '?sslmode=prefer', plain.port), false)
  })

  it('says which file of certificates cannot be read', async () => {
    assert.throws(() => readFileSync('/nowhere.pem'))
    await assert.rejects(
      async () =>
        openDatabase(
          { databaseUrl: `${pg.url}?sslmode=verify-full&sslrootcert=/nowhere.pem` },
          { embeddedFolder: null },
        ),
      (error) =>
        error instanceof ConfigError && /wanted a readable file of certificates for sslrootcert/.test(error.message),
    )
  })
})
