/**
 * The files of a new Postgres cluster. Making them (`initdb`) takes seconds of computing, so that is done once for each version,
 * kept under `node_modules`, and copied from there.
 */
import { execFileSync } from 'node:child_process'
import { hash, randomUUID } from 'node:crypto'
import { existsSync, mkdirSync, renameSync } from 'node:fs'
import { dirname, join } from 'node:path'

/** What tests make once and keep; `npm ci` drops it. */
export const CACHE = join(import.meta.dirname, '../../node_modules/.cache/carsync-test')

/** Whom the processes of Postgres run as, where not as ourselves. */
export type Identity = { uid?: number; gid?: number }

const copy = (from: string, to: string): void => void execFileSync('cp', ['-a', from, to], { stdio: 'pipe' })

/** Puts a new cluster into `data`, whose parent folder that identity may write to. */
export const placeCluster = (initdb: string, data: string, identity: Identity): void => {
  const cwd = dirname(data)
  const env = { ...process.env, LC_ALL: 'C', TZ: 'UTC' }
  const version = execFileSync(initdb, ['--version'], { ...identity, cwd, env, encoding: 'utf8' })
  const kept = join(CACHE, `cluster-${hash('md5', JSON.stringify([version, identity]))}`)
  if (existsSync(kept)) {
    copy(kept, data)
    return
  }
  const options = ['-U', 'postgres', '--auth=trust', '--encoding=UTF8', '--no-sync']
  execFileSync(initdb, ['-D', data, ...options], { ...identity, env, cwd, stdio: 'pipe' })
  mkdirSync(CACHE, { recursive: true })
  // Two test files (in one process, under Deno) may make it at the same time: each sees all of it or nothing, and whose it is does not matter.
  const own = `${kept}.${randomUUID()}`
  copy(data, own)
  try {
    renameSync(own, kept)
  } catch {
    execFileSync('rm', ['-rf', own])
  }
}
