/** What may go wrong on top of a limit. */
import { longRunRate, type RateLimit } from './limiter.ts'
import { type Scenario, scenario, TELLS, type Tells } from './scenario.ts'
import { bucket, counter, fixed, sliding } from './table.ts'

const FAULTS: Readonly<Record<string, Partial<Scenario>>> = {
  stragglers: { stragglers: 0.01 },
  '500s': { errors: 0.01 },
  'stragglers and 500s': { stragglers: 0.01, errors: 0.01 },
}

/** The same limit with so many times the rate. */
const scaled = (limit: RateLimit, times: number): RateLimit =>
  limit.kind === 'token-bucket' ? { ...limit, rate: limit.rate * times } : { ...limit, quota: limit.quota * times }

/** The limit moves when about two fifths of the job are done. */
const CHANGE_AT = 0.4
const PAGES = 1900
/** Of the limit, what another tenant asks for. */
const TENANT_SHARE = 0.2

const moved = (limit: RateLimit, times: number): Partial<Scenario> => ({
  change: { afterMs: (CHANGE_AT * PAGES * 1000) / longRunRate(limit), limit: scaled(limit, times) },
})

const LIMITS: readonly { name: string; limit: RateLimit; tells: readonly Tells[] }[] = [
  { name: 'bucket 10/s burst 10', limit: bucket(10, 10), tells: TELLS },
  { name: 'bucket 50/s burst 60', limit: bucket(50, 60), tells: ['silent', 'retry-after'] },
  { name: 'bucket 5/s burst 1', limit: bucket(5, 1), tells: ['silent', 'retry-after'] },
  { name: 'fixed 100/min', limit: fixed(100, 60, 37_210), tells: TELLS },
  { name: 'sliding 60/min', limit: sliding(60, 60), tells: ['silent', 'retry-after'] },
  { name: 'counter 60/min', limit: counter(60, 60), tells: ['retry-after'] },
  { name: 'fixed 20/s', limit: fixed(20, 1, 400), tells: ['silent', 'retry-after'] },
]

/** A selection of limits with each fault. */
export const faulty = (): Scenario[] => [
  ...LIMITS.flatMap(({ name, limit, tells }) => {
    const faults: Record<string, Partial<Scenario>> = {
      ...FAULTS,
      'halves in mid-run': moved(limit, 0.5),
      'doubles in mid-run': moved(limit, 2),
      'another takes 20%': { tenant: TENANT_SHARE * longRunRate(limit) },
    }
    return tells.flatMap((each) =>
      Object.entries(faults).map(([fault, other]) => scenario(`${name}, ${fault}`, limit, each, other)),
    )
  }),
  ...(['silent', 'retry-after'] as const).flatMap((tells) =>
    Object.entries(FAULTS).map(([fault, other]) =>
      scenario(`at most 8 at once, ${fault}`, { kind: 'concurrency', cap: 8 }, tells, other),
    ),
  ),
]
