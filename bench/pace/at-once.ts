/** Sources with two limits at once: so many a second and so many a minute or an hour, or so many at once as well. */
import type { Part, Several } from './limiter.ts'
import { type Scenario, scenario, TELLS } from './scenario.ts'
import { bucket, fixed, sliding } from './table.ts'

const cap = (most: number): Part => ({ kind: 'concurrency', cap: most })
const both = (...limits: Several['limits']): Several => ({ kind: 'several', limits })

const LIMITS: Readonly<Record<string, Several>> = {
  'fixed 10/s and 300/min': both(fixed(10, 1, 400), fixed(300, 60, 17_830)),
  'sliding 10/s and 300/min': both(sliding(10, 1), sliding(300, 60)),
  'fixed 20/s and 600/min': both(fixed(20, 1, 400), fixed(600, 60, 17_830)),
  'bucket 10/s burst 10 and fixed 300/min': both(bucket(10, 10), fixed(300, 60, 17_830)),
  'bucket 5/s burst 1 and fixed 100/min': both(bucket(5, 1), fixed(100, 60, 17_830)),
  'bucket 20/s burst 20 and fixed 800/h': both(bucket(20, 20), fixed(800, 3600, 17_830)),
  'fixed 100/min and 1000/h': both(fixed(100, 60, 17_830), fixed(1000, 3600, 17_830)),
  'at most 4 and bucket 10/s burst 10': both(cap(4), bucket(10, 10)),
  'at most 4 and fixed 300/min': both(cap(4), fixed(300, 60, 17_830)),
  'at most 8 and bucket 50/s burst 60': both(cap(8), bucket(50, 60)),
}

/** The first is announced, the second is not. */
const HALF_TOLD: Readonly<Record<string, readonly [told: Part, untold: Part]>> = {
  'fixed 300/min, untold fixed 10/s': [fixed(300, 60, 17_830), fixed(10, 1, 400)],
  'fixed 300/min, untold bucket 10/s burst 10': [fixed(300, 60, 17_830), bucket(10, 10)],
  'fixed 100/min, untold bucket 5/s burst 1': [fixed(100, 60, 17_830), bucket(5, 1)],
  'fixed 800/h, untold bucket 20/s burst 20': [fixed(800, 3600, 17_830), bucket(20, 20)],
  'fixed 10/s, untold fixed 300/min': [fixed(10, 1, 400), fixed(300, 60, 17_830)],
  'bucket 10/s burst 10, untold fixed 300/min': [bucket(10, 10), fixed(300, 60, 17_830)],
  'bucket 5/s burst 1, untold fixed 100/min': [bucket(5, 1), fixed(100, 60, 17_830)],
  'bucket 10/s burst 10, untold at most 4': [bucket(10, 10), cap(4)],
}

const halfTold = (): Scenario[] =>
  Object.entries(HALF_TOLD).flatMap(([name, [told, other]]) => {
    const [bare, waiting] = (['silent', 'retry-after'] as const).map((untold) => both(told, { ...other, untold }))
    return [
      scenario(name, waiting!, 'headers'),
      scenario(name, waiting!, 'instants'),
      scenario(`${name}, bare`, bare!, 'headers'),
    ]
  })

export const atOnce = (): Scenario[] => [
  ...TELLS.flatMap((tells) => Object.entries(LIMITS).map(([name, limit]) => scenario(name, limit, tells))),
  ...halfTold(),
]
