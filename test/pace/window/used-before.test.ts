import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Limit } from '../../../demo/limits.ts'
import type { Pace } from '../../../src/pace/pace.ts'
import { startPace } from '../../../src/pace/start.ts'
import { admit, noTraffic } from '../../../src/pace/traffic.ts'
import { countedWindow, windowRefused, windowSent, windowWait } from '../../../src/pace/window/window.ts'
import { drive, letIn, limitedBy, NOW, times, turnedAway } from '../driving.ts'

const MINUTE = 60_000
const begun = (): Pace => startPace({ now: NOW, pages: 5000 })

/** What is let in within ten minutes by a source of whose quota so many are used up already. */
const letInOf = (limit: Limit, used: number, tells: boolean): { letIn: number; refused: number } => {
  const { answer } = limitedBy(limit, tells)
  for (let i = 0; i < used; i++) answer(NOW - 3000 + i)
  const { sends } = drive(begun(), { from: NOW, forMs: 10 * MINUTE, latencyMs: 120, answer })
  const refused = sends.filter((each) => each.refused).length
  return { letIn: sends.length - refused, refused }
}

describe('a quota of which others have used a part before the run', () => {
  it('is found out in the first windows', () => {
    for (const tells of [false, true])
      for (const used of [30, 80]) {
        const fixed = letInOf({ kind: 'fixed-window', quota: 100, windowMs: MINUTE, phaseMs: 0 }, used, tells)
        assert.ok(fixed.letIn >= 900 && fixed.refused < 60, `fixed, ${used}: ${JSON.stringify(fixed)}`)
        const slid = letInOf({ kind: 'sliding-window', quota: 100, windowMs: MINUTE }, used, tells)
        assert.ok(slid.letIn >= 850 && slid.refused < 60, `sliding, ${used}: ${JSON.stringify(slid)}`)
      }
  })

  it('costs one refusal where nobody has', () => {
    const window = countedWindow(20, MINUTE, { after: NOW - 1000, by: NOW }, true)
    const traffic = times(20, (i) => NOW + i * 10).reduce(admit, noTraffic)
    assert.equal(windowWait(window, traffic, [], NOW + 400, 100), 0, 'one more, in the first pause')
    const known = windowRefused(windowSent(window, traffic, [], NOW + 400), traffic, [], NOW + 400, null)!
    assert.equal(known.quota, 20)
    const later = windowSent(known, traffic, [], NOW + MINUTE)
    assert.equal(later.bonus, 0)
  })
})

it('a round number is a whole quota where the source says nothing that could tell of its length', () => {
  const unsureOf = (quota: number, tells: boolean): number => {
    const limit: Limit = { kind: 'fixed-window', quota, windowMs: MINUTE, phaseMs: 0 }
    const found: number[] = []
    const heard = (_now: number, { shape }: Pace): void => {
      if (shape.kind === 'window') found.push(shape.unsure)
    }
    drive(begun(), { from: NOW, forMs: 2 * MINUTE, latencyMs: 20, ...limitedBy(limit, tells), heard })
    return found[0]!
  }
  assert.equal(unsureOf(100, false), 0)
  assert.equal(unsureOf(103, false), 2)
  assert.equal(unsureOf(100, true), 2)
})

it('a wait of two seconds after hundreds at once may be for the end of a window: what is let in then tells', () => {
  const limit: Limit = { kind: 'fixed-window', quota: 240, windowMs: 10_000, phaseMs: 5500 }
  const { sends, pace } = drive(begun(), { from: NOW, forMs: MINUTE, latencyMs: 30, ...limitedBy(limit, true) })
  const count = sends.filter(({ refused }) => !refused).length
  assert.ok(pace.shape.kind === 'window' && pace.shape.windowMs === 10_000, JSON.stringify(pace.shape.kind))
  assert.ok(count >= 1300, `${count}`)
})

it('after single tokens such a wait is for one token', () => {
  const waited = letIn(turnedAway(letIn(begun(), NOW), NOW + 100, 2000), NOW + 2200)
  assert.equal(waited.shape.kind, 'bucket')
})
