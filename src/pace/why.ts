/** What the pace is and why, in numbers and for people. */
import type { Bucket } from './bucket/bucket.ts'
import type { Origin, Pace } from './model.ts'
import type { Window } from './window/window.ts'

const ORIGIN: Readonly<Record<Origin, string>> = {
  found: '',
  learned: ', learned last time',
  documented: ', as the vendor says',
  announced: ', as the source announces',
}

const figure = (value: number): string => `${Number(value.toPrecision(3))}`
const seconds = (ms: number): string => (ms < 120_000 ? `${figure(ms / 1000)} s` : `${figure(ms / 60_000)} min`)

/** What a source lets through: so many requests per second in the long run, and so many at once after a pause. */
export type Allowance = { rate: number; burst: number }

/** The rate that went well, where a look higher is on: what is tried may be refused. */
const settledRate = ({ rate, search }: Bucket): number => search?.from ?? rate

/** Trials are on, or one refusal follows the other: the rate is what is tried just now, and no limit. */
const isTrying = ({ search, fallback, hasty }: Bucket): boolean =>
  (search !== null && search.from === undefined) || fallback !== null || hasty > 0

/** Something was refused, and what the limit is has yet to be found out. */
export const isFindingOut = ({ shape }: Pace): boolean =>
  shape.kind === 'bucket' ? isTrying(shape) : shape.kind === 'seeking' && shape.before === null && shape.held === null

const ofWindow = ({ quota, windowMs }: Window): Allowance => ({ rate: (quota * 1000) / windowMs, burst: quota })

const knownAllowance = ({ shape }: Pace): Allowance | null => {
  const known = shape.kind === 'seeking' ? shape.before : shape
  if (known?.kind === 'bucket') return { rate: settledRate(known), burst: known.burst }
  return known?.kind === 'window' ? ofWindow(known) : null
}

/** What is held, by the limit that is known or by what was asked for, which knows no burst; null: nothing holds it back. */
export const allowanceOf = (pace: Pace): Allowance | null => {
  const { maxRate, longer } = pace
  // Beside a quota for a longer time the faster limit does not matter in the long run.
  const known = longer === null ? knownAllowance(pace) : ofWindow(longer)
  return maxRate === null || (known !== null && known.rate <= maxRate) ? known : { rate: maxRate, burst: 1 }
}

const refusalOf = ({ wall }: Pace): string => (wall?.rate ? `429 at ${figure(wall.rate)}/s` : 'refused')

const shapeWhy = (pace: Pace): string => {
  const { shape, width, wall, origin } = pace
  const cap = width.cap === null ? '' : `at most ${width.cap} at once`
  switch (shape.kind) {
    case 'open':
      return cap === '' ? 'nothing pushes back' : `${cap}${ORIGIN[origin]}`
    case 'seeking':
      return `${refusalOf(pace)}; finding out the limit`
    case 'bucket': {
      if (isTrying(shape)) return `${refusalOf(pace)}; finding out the limit, trying ${figure(shape.rate)}/s`
      const more = shape.search === null ? '' : `, trying ${figure(shape.rate)}/s`
      const held = `${figure(settledRate(shape))}/s${ORIGIN[origin]}${more}`
      return origin === 'found' && wall?.rate ? `${refusalOf(pace)}; holding ${held}` : held
    }
    case 'window':
      return `${shape.quota} ${shape.quota === 1 ? 'request' : 'requests'} in ${seconds(shape.windowMs)}${ORIGIN[origin]}`
  }
}

const longerWhy = ({ longer }: Pace): string =>
  longer === null ? '' : `, and ${longer.quota} requests in ${seconds(longer.windowMs)}`

const heldWhy = (pace: Pace): string => {
  const { maxRate, shape } = pace
  const tried = shape.kind === 'bucket' ? shape.rate : null
  if (maxRate !== null && (tried === null || maxRate < tried)) return `${figure(maxRate)}/s, as asked for`
  return `${shapeWhy(pace)}${longerWhy(pace)}`
}

/** "429 at 12.4/s; holding 11.9/s", "429 at 44/s; finding out the limit, trying 12.3/s", "the source has not answered for 40 s", … at the instant `now` (ms). */
export const whyOf = (pace: Pace, now: number): string => {
  const { circuit, gateUntil } = pace
  if (circuit.downSince !== null) {
    const again = gateUntil > now ? `asking again in ${seconds(Math.ceil(gateUntil - now))}` : 'asking again'
    return `the source has not answered properly for ${seconds(Math.max(0, now - circuit.downSince))}; ${again}`
  }
  if (gateUntil - now > 1000) return `waiting ${seconds(gateUntil - now)}, as the source asks; ${shapeWhy(pace)}`
  return heldWhy(pace)
}

/** The same of a run that has ended: nothing is waited for any more. For how long nobody answered is in its reason. */
export const whyAtEnd = (pace: Pace): string =>
  pace.circuit.downSince === null ? heldWhy(pace) : 'the source did not answer properly any more'
