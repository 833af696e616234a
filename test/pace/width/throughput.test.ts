import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import {
  type Answer,
  compare,
  levelOf,
  noThroughput,
  observeThroughput,
  weightOf,
} from '../../../src/pace/width/throughput.ts'
import { times } from '../driving.ts'

const seen = (answers: readonly Answer[], from = noThroughput) => answers.reduce(observeThroughput, from)
const at = (width: number, tookMs: number, count = 30) => times(count, () => ({ width, tookMs }))

/** What 12 in flight bring beside 6, by so many answers each, of which those at 12 took so long. */
const compared = (tookMs: number, count = 30) => {
  const { levels, count: asOf } = seen([...at(6, 100, count), ...at(12, tookMs, count)])
  return compare(levels[levelOf(12)]!, levels[levelOf(6)]!, asOf)
}

describe('what a width brings', () => {
  it('is the average of its answers, whatever came at other widths', () => {
    const widths = fc.integer({ min: 1, max: 200 })
    const spans = fc.integer({ min: 1, max: 60_000 })
    fc.assert(
      fc.property(
        fc.array(fc.record({ width: widths, tookMs: spans }), { minLength: 1, maxLength: 100 }),
        (answers) => {
          const { levels, count } = seen(answers)
          assert.equal(count, answers.length)
          for (const [level, each] of levels.entries()) {
            const own = answers.filter(({ width }) => levelOf(width) === level).map(({ tookMs }) => tookMs)
            assert.equal(each === null, own.length === 0)
            if (each === null) continue
            assert.ok(each.tookMs >= Math.min(...own) - 1e-6 && each.tookMs <= Math.max(...own) + 1e-6)
            assert.ok(each.answers <= own.length)
          }
        },
      ),
    )
  })

  it('is twice as much with twice the width, where answers come no later', () => {
    assert.ok(Math.abs(compared(100).gain - 2) < 0.01)
    assert.ok(compared(100).worth > 1)
  })

  it('is the same where they wait in line, which is not worth it, and less where the source thrashes', () => {
    assert.ok(Math.abs(compared(200).gain - 1) < 0.01)
    assert.ok(compared(200).worth < 1)
    assert.ok(compared(400).gain < 0.51)
  })

  it('is the more certain the more answers there are', () => {
    assert.ok(compared(200, 2).doubt > 2)
    assert.ok(compared(200, 300).doubt < 1.2)
  })

  it('is forgotten by and by while answers come at another width', () => {
    const old = seen(at(12, 100), seen(at(6, 100)))
    const older = seen(at(12, 100, 1000), old)
    const weight = ({ levels, count }: typeof old) => weightOf(levels[levelOf(6)]!, count)
    assert.ok(weight(old) > 25 && weight(older) < 8, `${weight(old)}, ${weight(older)}`)
    const { tookMs } = seen(at(6, 300, 20), older).levels[levelOf(6)]!
    assert.ok(tookMs > 230, 'what comes then counts for more')
  })
})
