import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { mayAskFor, mayRemove, type Share } from '../../src/run/absence.ts'

const NONE = new Map<string, Share>()
const kindOf = (gone: number, all: number, segments: ReadonlyMap<string, Share> = NONE): string =>
  mayRemove({ gone, all }, segments, null).kind

describe('mayRemove', () => {
  it('holds more than 50 only where they are more than 5% of the inventory', () => {
    assert.equal(kindOf(50, 60), 'remove')
    assert.equal(kindOf(51, 60), 'hold')
    assert.equal(kindOf(51, 1020), 'remove')
    assert.equal(kindOf(52, 1020), 'hold')
  })

  it('holds more than 50 where they are more than 20% of a segment', () => {
    const audi = (gone: number, all: number) => new Map([['Audi', { gone, all }]])
    assert.equal(kindOf(60, 100_000, audi(60, 300)), 'remove')
    assert.equal(kindOf(61, 100_000, audi(61, 300)), 'hold')
    assert.equal(kindOf(61, 100_000, audi(50, 51)), 'remove')
    const verdict = mayRemove({ gone: 61, all: 100_000 }, audi(61, 300), null)
    assert.equal(verdict.kind === 'hold' && verdict.why, '61 of 300 cars of Audi are gone, more than 20%')
  })

  it('goes by the limit of the user alone where there is one, both ways', () => {
    const of = (gone: number, all: number, limit: Parameters<typeof mayRemove>[2]) =>
      mayRemove({ gone, all }, NONE, limit).kind
    assert.equal(of(900, 1000, { kind: 'count', count: 900 }), 'remove')
    assert.equal(of(4, 1000, { kind: 'count', count: 3 }), 'hold')
    assert.equal(of(20, 1000, { kind: 'share', share: 0.02 }), 'remove')
    assert.equal(of(21, 1000, { kind: 'share', share: 0.02 }), 'hold')
    assert.equal(of(1, 1, { kind: 'count', count: 0 }), 'hold')
  })

  it('never removes more once it holds fewer', () => {
    fc.assert(
      fc.property(fc.nat(5000), fc.nat(5000), fc.nat(100_000), (a, b, all) => {
        const [fewer, more] = [Math.min(a, b), Math.max(a, b)]
        if (kindOf(fewer, all) === 'hold') assert.equal(kindOf(more, all), 'hold')
      }),
    )
  })
})

describe('mayAskFor', () => {
  it('is 50, or 2% of the requests of the run', () => {
    assert.deepEqual([0, 2500, 5000].map(mayAskFor), [50, 50, 100])
  })
})
