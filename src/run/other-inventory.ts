/** Whether an incremental run may still trust what it goes on from. Pure. */

import { isUnusual } from './absence.ts'
import { counted } from './counted.ts'

/**
 * `expected`: the source's own count at the last full sweep, and what incremental runs have found new since; null: not known.
 * `total`: its count now, `changes` how many cars its feed says came or changed; null where it does not count.
 */
export type Counts = { expected: number | null; total: number | null; changes: number | null }

/**
 * What speaks for another inventory, or for a feed that does not tell what came: a count that has moved by more than the
 * feed explains, and by more than the guard of removals lets pass. null: nothing does.
 */
export const otherInventory = ({ expected, total, changes }: Counts): string | null => {
  if (expected === null || total === null) return null
  const gone = Math.max(expected - total, total - expected - (changes ?? 0))
  if (!isUnusual({ gone, all: expected })) return null
  return `The source has ${counted(total, 'car')}, where ${expected} were known and ${changes ?? 'an unknown number'} came or changed`
}
