/** The yardstick: how fast `psql \copy` (text) brings the same finished rows into an identical empty table. */
import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { TestPostgres } from '../test/support/postgres.ts'
import { familyCpuMs } from './cpu-time.ts'

const run = promisify(execFile)

const psql = async (url: string, command: string): Promise<void> => {
  try {
    await run('psql', ['-X', '-q', '-A', '-t', '-v', 'ON_ERROR_STOP=1', url, '-c', command])
  } catch (error) {
    if ((error as { code?: string }).code === 'ENOENT')
      throw new Error('The benchmark needs psql. Install it: apt-get install postgresql-client')
    throw error
  }
}

/** How long the copy took, and how much CPU time it cost the database, ms. */
export type Copied = { copyMs: number; copyCpuMs: number }

export type Yardstick = { copy(like?: 'ours' | 'default'): Promise<Copied>; close(): void }

/** Compressed as Postgres does by itself, up to version 18. */
const BY_DEFAULT = `do $$ begin
  alter table yardstick alter column raw set compression pglz, alter column images set compression pglz;
exception when syntax_error then null; end $$`

/**
 * Writes the rows of `cars` to a file once; each `copy` loads it into a fresh table with the same indexes, whose columns are
 * compressed as those of `cars` are, or as Postgres does it by itself.
 */
export const yardstickOf = async ({ url, pid }: TestPostgres): Promise<Yardstick> => {
  const folder = mkdtempSync(join(tmpdir(), 'carsync-yardstick-'))
  const file = join(folder, 'cars.txt')
  await psql(url, `\\copy cars to '${file}'`)
  return {
    copy: async (like = 'ours') => {
      await psql(url, 'create table yardstick (like cars including all)')
      if (like === 'default') await psql(url, BY_DEFAULT)
      const [began, cpu] = [performance.now(), familyCpuMs(pid())]
      await psql(url, `\\copy yardstick from '${file}'`)
      const copied = { copyMs: performance.now() - began, copyCpuMs: familyCpuMs(pid()) - cpu }
      await psql(url, 'drop table yardstick')
      return copied
    },
    close: () => rmSync(folder, { recursive: true, force: true }),
  }
}
