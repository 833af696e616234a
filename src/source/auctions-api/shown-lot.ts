import type { CarStatus } from '../../car/car.ts'
import {
  type Flags,
  isAbsent,
  type Members,
  members,
  moment,
  NO_MEMBERS,
  named,
  numeric,
  raise,
} from '../../car/field.ts'
import { STATUS_NAMES, STATUSES } from './enumerations.ts'

/** By id, else by name, else `unknown`: a status that is new must not put a car on sale. */
export const statusOf = (lot: Members): CarStatus =>
  STATUSES.get((named(lot.status, 'status', [], STATUS_NAMES) ?? '').trim().toLowerCase()) ?? 'unknown'

const isArchived = (lot: Members): boolean =>
  isAbsent(lot.archived)
    ? !isAbsent(lot.archived_at)
    : lot.archived !== false && numeric(lot.archived) !== 0 && lot.archived !== 'false'

const isOffered = (lot: Members): boolean => statusOf(lot) === 'on_sale' && !isArchived(lot)

const createdAt = (lot: Members): number => moment(lot.created_at, 'created_at', []) ?? -Infinity

/** Later by time of creation, then by id. */
const isLater = (lot: Members, other: Members): boolean => {
  const [one, two] = [createdAt(lot), createdAt(other)]
  return one === two ? (numeric(lot.id) ?? -1) > (numeric(other.id) ?? -1) : one > two
}

/**
 * The lot that stands for the car: of those on sale and not archived, or else of all, the latest. A car without lots
 * has an object without members; entries that are no objects are left out under `lots_malformed`.
 */
export const shownLot = (lots: unknown, flags: Flags): Members => {
  if (!Array.isArray(lots)) {
    if (!isAbsent(lots)) raise(flags, 'lots_malformed')
    return NO_MEMBERS
  }
  let shown: Members | null = null
  let shownOffered = false
  for (const entry of lots) {
    const lot = members(entry ?? 0, 'lots', flags)
    if (lot === NO_MEMBERS) continue
    const offered = lots.length > 1 && isOffered(lot)
    if (shown && (offered === shownOffered ? !isLater(lot, shown) : shownOffered)) continue
    shown = lot
    shownOffered = offered
  }
  return shown ?? NO_MEMBERS
}
