import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { scenario } from '../../bench/pace/scenario.ts'
import { simulate } from '../../bench/pace/simulate.ts'
import { bucket } from '../../bench/pace/table.ts'
import { afterWait } from '../../src/pace/after-wait.ts'
import { startBucket } from '../../src/pace/bucket/bucket.ts'
import type { Pace } from '../../src/pace/model.ts'
import { startPace } from '../../src/pace/start.ts'
import { admit, refuse } from '../../src/pace/traffic.ts'
import { capped, startWidth } from '../../src/pace/width/width.ts'
import { NOW, times } from './driving.ts'
import { metBy } from './waiting.ts'

/** A pace whose wait has just ended, at a source that fills by 40 a second and answers in 100 ms: four in flight. */
const waiting = (cap: number): Pace => {
  const { walls, opening, traffic, now } = metBy({ rate: 40, burst: 30, waitMs: 1000, paces: [120, 60, 48] })
  const shape = { ...startBucket({ rate: 70, at: now, walls, holds: opening }), tollMs: 1000, isWaiting: true }
  const pace = startPace({ now: NOW })
  return {
    ...pace,
    shape,
    traffic,
    latency: { ...pace.latency, meanMs: 100, samples: 100 },
    width: { ...capped(startWidth, { widest: cap + 1, inside: cap, tollMs: 1000 }), cap },
  }
}

describe('the end of a wait', () => {
  it('tells the rate, and that it was no cap where the rate keeps much less in flight', () => {
    const { shape, width } = afterWait(waiting(8))
    assert.ok(shape.kind === 'bucket' && Math.abs(shape.rate / 40 - 1) < 0.03)
    assert.equal(width.cap, null)
  })

  it('leaves a cap that may be what refuses', () => {
    assert.equal(afterWait(waiting(4)).width.cap, 4)
  })

  it('tells a cap where most went on after the refusal, far faster than the rate', () => {
    const pace = waiting(8)
    const sentAt = pace.traffic.refused.at(-1)!
    const wall = { at: sentAt + 50, rate: 70, out: { sentAt, width: 12, inside: 9 } }
    const afterwards = (admitted: number, refused: number) => {
      const wentOn = times(admitted, (i) => sentAt + 20 + i).reduce(admit, pace.traffic)
      const traffic = times(refused, (i) => sentAt + 2 + i).reduce(refuse, wentOn)
      return afterWait({ ...pace, width: startWidth, wall, traffic })
    }
    const { shape, width } = afterwards(8, 0)
    assert.deepEqual([shape.kind, width.cap], ['open', 9])
    assert.equal(afterwards(5, 0).shape.kind, 'bucket', 'hardly faster')
    assert.equal(afterwards(8, 4).shape.kind, 'bucket', 'many were refused')
  })

  it('changes nothing else', () => {
    const pace = startPace({ now: NOW })
    assert.equal(afterWait(pace), pace)
  })
})

describe('a bucket whose refusals make everybody wait', () => {
  const latency = (ms: number) => ({ wayMs: 0.13 * ms, serviceMs: 0.74 * ms, jitterMs: 1 })
  const cases = [
    { name: '50 a second that holds as much as a wait saves up', limit: bucket(50, 60), other: {}, most: 1.04 },
    { name: '20 a second that holds half of that', limit: bucket(20, 10), other: {}, most: 1.06 },
    { name: '60 a second and quick answers', limit: bucket(60, 30), other: latency(60), most: 1.3 },
    { name: '47 a second and very quick answers', limit: bucket(47, 85), other: latency(31), most: 1.04 },
    { name: '70 a second that holds a third of that', limit: bucket(70, 20), other: {}, most: 1.25 },
  ]
  for (const { name, limit, other, most } of cases)
    it(`costs a wait or two and not one after the other: ${name}`, () => {
      for (const seed of [2, 3, 4]) {
        const { ms, leastMs, refused, requests } = simulate(scenario('told', limit, 'retry-after', other), seed)
        assert.ok(ms < most * leastMs, `seed ${seed}: ${(ms / leastMs).toFixed(3)} times the least`)
        assert.ok(refused < 0.01 * requests, `seed ${seed}: ${refused} refused`)
      }
    })
})
