/** Migrations under names of their own in somebody's project: theirs come in between. */
import type { Migration } from '../../src/node.ts'

const SECOND_MS = 1000

const stampOf = (at: number): string => new Date(at).toISOString().replace(/\D/g, '').slice(0, 14)

const instantOf = (stamp: string): number =>
  Date.parse(stamp.replace(/^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)$/, '$1-$2-$3T$4:$5:$6Z'))

/**
 * Where each migration belongs: those that are there keep their file, new ones get the present time, a second apart and
 * after all that are there, for the Supabase CLI applies only what is newer than the last. `there` are file names; `now` in ms.
 */
export const placeMigrations = (
  migrations: readonly Pick<Migration, 'name' | 'sql'>[],
  there: readonly string[],
  now: number,
): Map<string, string> => {
  const latest = Math.max(now - SECOND_MS, ...there.map((file) => instantOf(file.slice(0, 14))).filter(Number.isFinite))
  let at = Math.floor(latest / SECOND_MS) * SECOND_MS
  const files = new Map<string, string>()
  for (const { name, sql } of migrations) {
    const known = there.find((file) => file.slice(14) === `_cars_sync_${name}.sql`)
    if (known === undefined) at += SECOND_MS
    files.set(`supabase/migrations/${known ?? `${stampOf(at)}_cars_sync_${name}.sql`}`, sql)
  }
  return files
}
