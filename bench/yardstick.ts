/** The yardstick: how fast `psql \copy` (text) brings the same finished rows into an identical empty table. */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

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

export type Yardstick = { copyMs(): number; bytes: number; close(): void }

/** Writes the rows of `cars` to a file once; each `copyMs` loads it into a fresh table with the same indexes. */
export const yardstickOf = (url: string): Yardstick => {
  const folder = mkdtempSync(join(tmpdir(), 'carsync-yardstick-'))
  const file = join(folder, 'cars.txt')
  psql(url, `\\copy cars to '${file}'`)
  return {
    bytes: statSync(file).size,
    copyMs: () => {
      psql(url, 'create table yardstick (like cars including all)')
      const began = performance.now()
      psql(url, `\\copy yardstick from '${file}'`)
      const took = performance.now() - began
      psql(url, 'drop table yardstick')
      return took
    },
    close: () => rmSync(folder, { recursive: true, force: true }),
  }
}
