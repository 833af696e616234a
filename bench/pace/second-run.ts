/**
 * Runs that begin with what an earlier one learned: after one that ended, an hour or two before; and by a process that
 * takes over from one that was killed. What was learned travels as JSON, as in the store.
 */
import { randomStream } from '../../demo/random.ts'
import { type Remembered, remember, startPace } from '../../src/pace/start.ts'
import { atOnce } from './at-once.ts'
import { boundsOf } from './bound.ts'
import { type Ran, runJob } from './run-job.ts'
import { type Scenario, scenario, TELLS } from './scenario.ts'
import { createServer } from './server.ts'
import { beginOf, mostMsOf, pagesOf } from './simulate.ts'
import { bucket, counter, fixed, restarting, sliding } from './table.ts'
import { lostOf } from './trial.ts'

export type Again = { ms: number; leastMs: number; refused: number; requests: number; lost: number }

/** A limit of a few seconds, in the same house, and a job that it does not hold up for long. */
const NEAR = { serviceMs: 100, wayMs: 0.5, jitterMs: 1.5, pages: 520 }

const AGAIN = ['fixed 10/s and 300/min', 'bucket 5/s burst 1 and fixed 100/min', 'fixed 100/min and 1000/h']

export const sources = (): Scenario[] => [
  ...TELLS.flatMap((tells) => [
    scenario('bucket 1/s burst 1', bucket(1, 1), tells),
    scenario('bucket 10/s burst 10', bucket(10, 10), tells),
    scenario('bucket 50/s burst 60', bucket(50, 60), tells),
    scenario('bucket 50/s burst 1', bucket(50, 1), tells),
    scenario('bucket 25/s burst 1, some held up on the way', bucket(25, 1), tells, {
      ...NEAR,
      pages: 640,
      heldUp: 0.005,
    }),
    scenario('fixed 100/min, any phase', fixed(100, 60, 37_210), tells),
    scenario('fixed 600/min, any phase', fixed(600, 60, 17_830), tells),
    scenario('sliding 60/min', sliding(60, 60), tells),
    scenario('counter 60/min', counter(60, 60), tells),
    scenario('fixed 20/s', fixed(20, 1, 400), tells),
    scenario('fixed 60 in 2 s', fixed(60, 2, 400), tells, NEAR),
    scenario('80 in 4 s from the first request on', restarting(80, 4), tells, NEAR),
    scenario('counter 60 in 3 s from the first request on, refused count', counter(60, 3, true, true), tells, NEAR),
    scenario('at most 8 at once', { kind: 'concurrency', cap: 8 }, tells),
    ...atOnce().filter((each) => each.tells === tells && AGAIN.includes(each.name)),
  ]),
  scenario('60 in 2 s from the first request on', restarting(60, 2), 'instants', NEAR),
  scenario('80 in 4 s from the first request on', restarting(80, 4), 'instants', NEAR),
]

const HOUR_MS = 3_600_000
/** The engine writes what it learned every third beat of its heart, one a second. */
const KEPT_EVERY_MS = 3000
/** A killed process is missed after the length of its lease, 30 s; one that is stopped may be succeeded at once. */
const SUCCEEDED_AFTER_MS = 30_000

const throughJson = (remembered: Remembered): Remembered => JSON.parse(JSON.stringify(remembered)) as Remembered

const again = (ran: Ran, leastMs: number): Again => ({
  ms: ran.ms,
  leastMs,
  refused: ran.refused,
  requests: ran.requests,
  lost: lostOf(ran),
})

export const secondRun = (scenario: Scenario, seed: number): Again => {
  const random = randomStream(seed)
  const beginAt = beginOf(random)
  const server = createServer(scenario, beginAt, random)
  const pages = pagesOf(scenario)
  const whole = (at: number, remembered: Remembered | null): { ran: Ran; least: number } => {
    const { least } = boundsOf(scenario, { beginAt: at, pages: pages.length, state: server.state() })
    const pace = startPace({ now: at, pages: pages.length, remembered })
    return { ran: runJob({ scenario, server, beginAt: at, pages, pace, random, mostMs: mostMsOf(least) }), least }
  }
  const { ran: first } = whole(beginAt, null)
  const endAt = beginAt + first.ms
  const { ran, least } = whole(endAt + HOUR_MS * (1 + random()), throughJson(remember(first.pace, endAt)))
  return again(ran, least)
}

/** What the successor's part came to. The kill falls anywhere in the middle four fifths of the first run's time. */
export const takeOver = (scenario: Scenario, seed: number): Again => {
  const random = randomStream(seed)
  const beginAt = beginOf(random)
  const server = createServer(scenario, beginAt, random)
  const pages = pagesOf(scenario)
  const { least } = boundsOf(scenario, { beginAt, pages: pages.length, state: server.state() })
  const killedAt = least * (0.1 + 0.8 * random())
  const keptAt = Math.max(0, killedAt - random() * KEPT_EVERY_MS)
  const pace = startPace({ now: beginAt, pages: pages.length })
  let kept = pace
  const first = runJob({
    scenario,
    server,
    beginAt,
    pages,
    pace,
    random,
    killedAt,
    mostMs: mostMsOf(least),
    listener: (now, _, heard) => {
      if (now <= keptAt) kept = heard
    },
  })
  const nextAt = beginAt + killedAt + SUCCEEDED_AFTER_MS * random()
  const bounds = boundsOf(scenario, { beginAt: nextAt, pages: first.left.length, state: server.state() })
  const remembered = throughJson(remember(kept, beginAt + keptAt))
  const ran = runJob({
    scenario,
    server,
    beginAt: nextAt,
    pages: first.left,
    pace: startPace({ now: nextAt, pages: first.left.length, remembered }),
    random,
    mostMs: mostMsOf(bounds.least),
  })
  return again(ran, bounds.least)
}
