import assert from 'node:assert/strict'
import { it } from 'node:test'
import { ANSWER_BOUNDS_MS, answerTimesOf, noAnswerTimes, withAnswer } from '../src/answer-times.ts'

const after = (...took: number[]) => took.reduce(withAnswer, noAnswerTimes())

it('an answer is counted at the first bound that it does not exceed', () => {
  const { counts, sumMs } = after(0, 25, 25.1, 400, 99_999)
  assert.deepEqual(
    counts.flatMap((count, i) => (count > 0 ? [[ANSWER_BOUNDS_MS[i] ?? 'longer', count]] : [])),
    [
      [25, 2],
      [50, 1],
      [400, 1],
      ['longer', 1],
    ],
  )
  assert.equal(sumMs, 100_449.1)
})

it('a clock that ran back takes nothing away', () => {
  assert.deepEqual(after(-5), { ...after(0), sumMs: 0 })
})

it('what was kept goes on, and begins anew where its bounds were others', () => {
  const kept = after(10, 20)
  assert.equal(answerTimesOf(kept), kept)
  assert.deepEqual(answerTimesOf({ counts: [1, 2], sumMs: 3 }), noAnswerTimes())
  assert.deepEqual(answerTimesOf(undefined), noAnswerTimes())
})
