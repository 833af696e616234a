/** The API's numbered lists. Ids that are missing here pass through. */
import type { CarStatus } from '../../car/car.ts'
import type { Names } from '../../car/field.ts'

export const FUELS: Names = {
  1: 'diesel',
  2: 'electric',
  3: 'hybrid',
  4: 'gasoline',
  5: 'gas',
  6: 'flexible',
  7: 'hydrogen',
}

export const TRANSMISSIONS: Names = { 1: 'automatic', 2: 'manual' }

export const DRIVES: Names = { 1: 'rear', 2: 'front', 3: 'all' }

export const SELLER_TYPES: Names = { 1: 'insurance', 2: 'non_insurance' }

export const SITES: Names = { 1: 'iaai_com', 3: 'copart_com', 12: 'encar_com' }

export const CONDITIONS: Names = {
  0: 'run_and_drives',
  1: 'for_repair',
  2: 'to_be_dismantled',
  3: 'not_run',
  4: 'used',
  5: 'unconfirmed',
  6: 'engine_starts',
  7: 'enhanced',
}

export const ODOMETER_STATUSES: Names = {
  1: 'actual',
  2: 'not_actual',
  3: 'exempt',
  4: 'exceeds_mechanical_limits',
  5: 'hours',
}

/** "sale" is on sale, not sold. */
export const STATUS_NAMES: Names = {
  1: 'not_checked',
  2: 'not_on_sale',
  3: 'sale',
  4: 'on_approval',
  5: 'new_auction',
  6: 'sold',
  7: 'failed',
  8: 'not_sold',
  9: 'future',
}

export const STATUSES: ReadonlyMap<string, CarStatus> = new Map([
  ['not_checked', 'unknown'],
  ['not_on_sale', 'not_sold'],
  ['sale', 'on_sale'],
  ['on_approval', 'pending'],
  ['new_auction', 'upcoming'],
  ['sold', 'sold'],
  ['failed', 'not_sold'],
  ['not_sold', 'not_sold'],
  ['future', 'upcoming'],
])
