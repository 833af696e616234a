/** Refusals that have nothing to do with the rate, while little is asked for: the pace must not starve the run. */
import assert from 'node:assert/strict'
import { it } from 'node:test'
import { randomStream } from '../../demo/random.ts'
import { adjust, waitBefore } from '../../src/pace/pace.ts'
import { type Remembered, startPace } from '../../src/pace/start.ts'

const KEPT: Remembered = {
  at: 0,
  limit: { kind: 'rate', rate: 5, burst: 1, narrow: false, steady: false },
  cap: null,
  concurrency: 4,
  gateUntil: 0,
}

/** One request each `everyMs`, or as soon as the pace allows; a share of them is refused by chance. Answers the rate at the end. */
const rateAfter = (requests: number, everyMs: number, refused: number, seed: number): { rate: number; at: number } => {
  const random = randomStream(seed)
  let pace = startPace({ now: 0, pages: requests, remembered: KEPT })
  let now = 0
  for (let i = 0; i < requests; i++) {
    now += everyMs
    for (let wait = waitBefore(pace, now); wait > 0; wait = waitBefore(pace, now)) now += Math.max(1, wait)
    const id = pace.nextId
    pace = adjust(pace, { kind: 'sent', at: now })
    const at = now + 100
    pace =
      random() < refused
        ? adjust(pace, { kind: 'refused', id, at, retryAfterMs: null, limits: [] })
        : adjust(pace, { kind: 'accepted', id, at, limits: [] })
    now = at
  }
  return { rate: pace.shape.kind === 'bucket' ? pace.shape.rate : Number.NaN, at: now }
}

for (const seed of [1, 2, 3, 4, 5, 6, 7, 8])
  it(`a request each ten seconds of which one in twenty is refused stays far from a standstill (seed ${seed})`, () => {
    const { rate, at } = rateAfter(400, 10_000, 0.05, seed)
    assert.ok(at < 400 * 10_100 * 1.1, `it took ${Math.round(at / 1000)} s`)
    assert.ok(rate > 0.5, `${rate} requests/s are left of 5`)
  })
