/** What the pace is and why, in numbers and for people. */
import { binding, type Quota } from './announced.ts'
import type { Bucket } from './bucket/bucket.ts'
import type { Origin, Pace } from './model.ts'

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

const ofQuota = ({ quota, windowMs }: Quota): Allowance => ({ rate: (quota * 1000) / windowMs, burst: quota })

const knownAllowance = ({ shape }: Pace): Allowance | null => {
  const known = shape.kind === 'seeking' ? shape.before : shape
  if (known?.kind === 'bucket') return { rate: settledRate(known), burst: known.burst }
  return known?.kind === 'window' ? ofQuota(known) : null
}

/** The quota that is announced beside the limit that was found; null: none is, or it is an even pace. */
const quotaBeside = ({ unannounced, beside, announced }: Pace): Quota | null =>
  unannounced && beside === null ? binding(announced) : null

const allowanceBeside = (pace: Pace): Allowance | null => {
  const { beside } = pace
  const quota = quotaBeside(pace)
  return beside === null ? quota && ofQuota(quota) : { rate: beside.rate, burst: beside.burst }
}

/** What is held, by the limit that is known or by what was asked for, which knows no burst; null: nothing holds it back. */
export const allowanceOf = (pace: Pace): Allowance | null => {
  const { maxRate, longer } = pace
  const all = [knownAllowance(pace), longer && ofQuota(longer), allowanceBeside(pace)]
  // Of several that hold at once the faster ones do not matter in the long run.
  const known = all.reduce((one, other) => (one === null || (other !== null && other.rate < one.rate) ? other : one))
  return maxRate === null || (known !== null && known.rate <= maxRate) ? known : { rate: maxRate, burst: 1 }
}

const refusalOf = ({ wall }: Pace): string => (wall?.rate ? `429 at ${figure(wall.rate)}/s` : 'refused')

const quotaWhy = ({ quota, windowMs }: Quota): string =>
  `${quota} ${quota === 1 ? 'request' : 'requests'} in ${seconds(windowMs)}`

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
      return `${quotaWhy(shape)}${ORIGIN[origin]}`
  }
}

/** "9.86/s, as the source announces": what holds beside the limit that was found. */
const announcedWhy = (pace: Pace): string | null => {
  if (pace.beside !== null) return `${figure(pace.beside.rate)}/s${ORIGIN.announced}`
  const quota = quotaBeside(pace)
  return quota && `${quotaWhy(quota)}${ORIGIN.announced}`
}

/** All limits that hold. */
const limitsWhy = (pace: Pace): string => {
  const { shape, width, longer } = pace
  const announced = announcedWhy(pace)
  const isFree = shape.kind === 'open' && width.cap === null && longer === null
  const found = isFree && announced !== null ? null : shapeWhy(pace)
  return [found, longer && quotaWhy(longer), announced].filter((each) => each !== null).join(', and ')
}

const heldWhy = (pace: Pace): string => {
  const { maxRate, shape } = pace
  const tried = shape.kind === 'bucket' ? shape.rate : null
  if (maxRate !== null && (tried === null || maxRate < tried)) return `${figure(maxRate)}/s, as asked for`
  return limitsWhy(pace)
}

/** "429 at 12.4/s; holding 11.9/s", "429 at 44/s; finding out the limit, trying 12.3/s", "the source has not answered for 40 s", … at the instant `now` (ms). */
export const whyOf = (pace: Pace, now: number): string => {
  const { circuit, gateUntil } = pace
  if (circuit.downSince !== null) {
    const again = gateUntil > now ? `asking again in ${seconds(Math.ceil(gateUntil - now))}` : 'asking again'
    return `the source has not answered properly for ${seconds(Math.max(0, now - circuit.downSince))}; ${again}`
  }
  if (gateUntil - now > 1000) return `waiting ${seconds(gateUntil - now)}, as the source asks; ${limitsWhy(pace)}`
  return heldWhy(pace)
}

/** The same of a run that has ended: nothing is waited for any more. For how long nobody answered is in its reason. */
export const whyAtEnd = (pace: Pace): string =>
  pace.circuit.downSince === null ? heldWhy(pace) : 'the source did not answer properly any more'
