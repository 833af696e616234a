/** What the pace is and why, in numbers and for people. */
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

const knownAllowance = ({ shape }: Pace): Allowance | null => {
  const known = shape.kind === 'seeking' ? shape.before : shape
  if (known?.kind === 'bucket') return { rate: known.rate, burst: known.burst }
  return known?.kind === 'window' ? { rate: (known.quota * 1000) / known.windowMs, burst: known.quota } : null
}

/** What is held, by the limit that is known or by what was asked for, which knows no burst; null: nothing holds it back. */
export const allowanceOf = (pace: Pace): Allowance | null => {
  const { maxRate } = pace
  const known = knownAllowance(pace)
  return maxRate === null || (known !== null && known.rate <= maxRate) ? known : { rate: maxRate, burst: 1 }
}

const shapeWhy = (pace: Pace): string => {
  const { shape, width, wall, origin } = pace
  const cap = width.cap === null ? '' : `at most ${width.cap} at once`
  switch (shape.kind) {
    case 'open':
      return cap === '' ? 'nothing pushes back' : `${cap}${ORIGIN[origin]}`
    case 'seeking':
      return wall?.rate ? `429 at ${figure(wall.rate)}/s; finding out the limit` : 'refused; finding out the limit'
    case 'bucket': {
      const held = `${figure(shape.rate)}/s${ORIGIN[origin]}`
      return origin === 'found' && wall?.rate ? `429 at ${figure(wall.rate)}/s; holding ${held}` : held
    }
    case 'window':
      return `${shape.quota} requests in ${seconds(shape.windowMs)}${ORIGIN[origin]}`
  }
}

/** "429 at 12.4/s; holding 11.9/s", "the source has not answered for 40 s", … at the instant `now` (ms). */
export const whyOf = (pace: Pace, now: number): string => {
  const { circuit, gateUntil, maxRate, shape } = pace
  if (circuit.downSince !== null) {
    const again = gateUntil > now ? `asking again in ${seconds(Math.ceil(gateUntil - now))}` : 'asking again'
    return `the source has not answered properly for ${seconds(Math.max(0, now - circuit.downSince))}; ${again}`
  }
  if (gateUntil - now > 1000) return `waiting ${seconds(gateUntil - now)}, as the source asks; ${shapeWhy(pace)}`
  const held = shape.kind === 'bucket' ? shape.rate : null
  if (maxRate !== null && (held === null || maxRate < held)) return `${figure(maxRate)}/s, as asked for`
  return shapeWhy(pace)
}
