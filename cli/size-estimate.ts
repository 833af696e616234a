/** How large the database gets, against what a plan allows. Pure. */
import type { CarWeight, Finding } from '../src/node.ts'
import { count, counted } from './figure.ts'

/** Supabase's free plan: 500 MB a project. */
const PLAN_BYTES = 500 * 1024 * 1024
const PLAN = 'the free plan of Supabase (500 MB)'

/** Where no car is stored yet: as the demo's cars weigh, with indexes, in a table of some thousands. */
const USUAL_WEIGHT = { carBytes: 2900, rawBytes: 1900 }

const megabytes = (bytes: number): string => `${count(Math.max(1, Math.round(bytes / (1024 * 1024))))} MB`

/**
 * `cars`: how many the source says it has; null: it does not say. A database that is too large for a free plan is no
 * fault of it, for nobody knows the plan: it is said, with what would help.
 */
export const sizeFinding = (cars: number | null, measured: CarWeight | null): Finding => {
  const { carBytes, rawBytes } = measured ?? USUAL_WEIGHT
  const all = cars ?? measured?.cars ?? null
  const based =
    measured === null
      ? `as cars usually weigh, ${count(carBytes)} bytes`
      : `a stored car weighs ${count(carBytes)} bytes`
  if (all === null)
    return { check: 'size', ok: true, message: `not known, for the source gives no total; ${based}`, advice: null }
  // What lies in the database beside the cars stays: other tables, the change log, the ledgers.
  const beside = measured === null ? 0 : Math.max(0, measured.databaseBytes - measured.cars * carBytes)
  const withRaw = beside + all * carBytes
  const without = beside + all * (carBytes - rawBytes)
  const message = `about ${megabytes(withRaw)} for ${counted(all, 'car')}, about ${megabytes(without)} without raw (${based})`
  if (withRaw <= PLAN_BYTES) return { check: 'size', ok: true, message: `${message}; fits ${PLAN}`, advice: null }
  const advice =
    without <= PLAN_BYTES
      ? `That is more than ${PLAN}: on it, sync with --no-raw.`
      : `That is more than ${PLAN}, also without raw: take a larger plan, or another Postgres.`
  return { check: 'size', ok: true, message, advice }
}
