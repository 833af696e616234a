/** The yardstick: how fast `psql \copy` (text) brings the same finished rows into an identical empty table. */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestPostgres } from '../test/support/postgres.ts'
import { familyCpuMs } from './cpu-time.ts'

const psql = (url: string, command: string): string => {
  try {
    return execFileSync('psql', ['-X', '-q', '-A', '-t', '-v', 'ON_ERROR_STOP=1', url, '-c', command], {
      encoding: 'utf8',
    })
  } catch (error) {
    if ((error as { code?: string }).code === 'ENOENT')
      throw new Error('The benchmark needs psql. Install it: apt-get install postgresql-client')
    throw error
  }
}

/** How long the copy took, and how much CPU time it cost the database, ms. */
export type Copied = { copyMs: number; copyCpuMs: number }

export type Yardstick = { copy(): Copied; bytes: number; close(): void }

/** Writes the rows of `cars` to a file once; each `copy` loads it into a fresh table with the same indexes. */
export const yardstickOf = ({ url, pid }: TestPostgres): Yardstick => {
  const folder = mkdtempSync(join(tmpdir(), 'carsync-yardstick-'))
  const file = join(folder, 'cars.txt')
  psql(url, `\\copy cars to '${file}'`)
  return {
    bytes: statSync(file).size,
    copy: () => {
      psql(url, 'create table yardstick (like cars including all)')
      const [began, cpu] = [performance.now(), familyCpuMs(pid())]
      psql(url, `\\copy yardstick from '${file}'`)
      const copied = { copyMs: performance.now() - began, copyCpuMs: familyCpuMs(pid()) - cpu }
      psql(url, 'drop table yardstick')
      return copied
    },
    close: () => rmSync(folder, { recursive: true, force: true }),
  }
}
