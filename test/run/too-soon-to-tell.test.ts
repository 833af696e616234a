import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { doubtOver, noDoubt, SLACK_MS, withDoubt } from '../../src/run/too-soon-to-tell.ts'

const AT = Date.UTC(2026, 9, 1)

describe('doubtOver', () => {
  it('is over who was met at nearly the instant at which it went, before or after, and ends when instants tell', () => {
    const gone = new Map([
      ['before', AT - SLACK_MS],
      ['just now', AT],
      ['soon', AT + 900],
      ['long ago', AT - SLACK_MS - 1],
      ['long after', AT + SLACK_MS + 1],
    ])
    const doubt = doubtOver(['before', 'just now', 'soon', 'long ago', 'long after', 'stays', null], AT, gone)
    assert.deepEqual(doubt, { cars: ['before', 'just now', 'soon'], untilAt: AT + 900 + SLACK_MS + 1 })
    assert.deepEqual(doubtOver(['before', 'just now', 'soon'], doubt.untilAt, gone), noDoubt)
  })

  it('of several pages is that of all their cars', () => {
    const gone = new Map([
      ['a', AT],
      ['b', AT + 500],
    ])
    const [a, b] = [doubtOver(['a'], AT, gone), doubtOver(['b'], AT, gone)]
    assert.deepEqual(withDoubt(a, withDoubt(noDoubt, b)), doubtOver(['a', 'b'], AT, gone))
  })
})
