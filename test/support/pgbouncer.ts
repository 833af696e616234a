/** PgBouncer in transaction mode, from Debian's packages, in front of a database. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { chmodSync, chownSync, existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { freePort } from './free-port.ts'

export const HOW_TO_GET_IT = 'PgBouncer is not installed: apt-get install pgbouncer'
const UNPRIVILEGED = 65534

const found = [
  '/usr/sbin/pgbouncer',
  '/usr/local/sbin/pgbouncer',
  '/usr/bin/pgbouncer',
  '/opt/homebrew/bin/pgbouncer',
].find((path) => existsSync(path))

export const hasPgbouncer = found !== undefined

const answers = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1')
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false))
    socket.once('connect', () => socket.destroy())
  })

/** The address of the same database through the pooler, with so many connections to the server; `more` are lines of its settings. */
export const startPgbouncer = async (
  target: string,
  poolSize: number,
  more: readonly string[] = [],
): Promise<{ url: string; close(): Promise<void> }> => {
  const to = new URL(target)
  const folder = mkdtempSync(join(tmpdir(), 'carsync-pooler-'))
  const asRoot = process.getuid?.() === 0
  const port = await freePort()
  writeFileSync(
    join(folder, 'pooler.ini'),
    [
      '[databases]',
      `* = host=${to.hostname} port=${to.port} user=${to.username}`,
      '[pgbouncer]',
      'listen_addr = 127.0.0.1',
      `listen_port = ${port}`,
      'unix_socket_dir =',
      'auth_type = any',
      'pool_mode = transaction',
      `default_pool_size = ${poolSize}`,
      'server_reset_query_always = 1',
      'server_reset_query = discard all',
      ...more,
    ].join('\n'),
  )
  chmodSync(folder, 0o755)
  if (asRoot) chownSync(folder, UNPRIVILEGED, UNPRIVILEGED)
  const identity = asRoot ? { uid: UNPRIVILEGED, gid: UNPRIVILEGED } : {}
  const child: ChildProcess = spawn(found!, [join(folder, 'pooler.ini')], { ...identity, cwd: '/', stdio: 'ignore' })
  const gone = new Promise((resolve) => child.once('exit', resolve))
  // It says that it listens only in a log; so it is asked.
  while (child.exitCode === null && !(await answers(port))) execFileSync('sleep', ['0.02'])
  to.port = String(port)
  return {
    url: to.href,
    close: async () => {
      child.kill('SIGTERM')
      await gone
      rmSync(folder, { recursive: true, force: true })
    },
  }
}
