import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import {
  acceptEncoding,
  askedBy,
  type Compression,
  observeTrial,
  startCompression,
  type Trial,
  type Way,
  wayFor,
} from '../../../src/pace/page/compression.ts'

/** Sends `count` pages before any comes back, and answers which way they went. */
const burst = (compression: Compression, count: number): { ways: Way[]; after: Compression } => {
  const ways: Way[] = []
  let after = compression
  for (let i = 0; i < count; i++) {
    ways.push(wayFor(after))
    after = askedBy(after, ways.at(-1)!)
  }
  return { ways, after }
}

const read = (way: Way, ms: number, encoded = way === 'compressed'): Trial => ({
  kind: 'read',
  way,
  ms,
  bytes: 1000,
  encoded,
})

/** Sends a page and hears of it at once. */
const after = (compression: Compression, ...trials: Trial[]): Compression =>
  trials.reduce((known, trial) => observeTrial(askedBy(known, trial.way), trial), compression)

const compared = (compressed: number[], identity: number[]): Way | null =>
  after(
    startCompression(),
    ...compressed.map((ms) => read('compressed', ms)),
    ...identity.map((ms) => read('identity', ms)),
  ).settled

describe('wayFor', () => {
  it('sends three pages each way in turn, and what goes before they are back as usual', () => {
    const c = 'compressed'
    const i = 'identity'
    assert.deepEqual(burst(startCompression(), 9).ways, [c, i, c, i, c, i, c, c, c])
  })

  it('goes on in turn when a page told nothing', () => {
    const { after: sent } = burst(startCompression(), 8)
    assert.equal(wayFor(observeTrial(sent, { kind: 'void', way: 'identity' })), 'identity')
    assert.equal(wayFor(observeTrial(sent, { kind: 'void', way: 'compressed' })), 'compressed')
  })

  it('keeps to the way that was settled', () => {
    for (const settled of ['compressed', 'identity'] as const)
      assert.deepEqual(new Set(burst({ ...startCompression(), settled }, 20).ways), new Set([settled]))
  })

  it('never sends more than three pages plainly before it has heard of any', () => {
    fc.assert(
      fc.property(fc.nat(50), (count) => {
        const { ways } = burst(startCompression(), count)
        assert.ok(ways.filter((way) => way === 'identity').length <= 3)
      }),
    )
  })
})

describe('observeTrial', () => {
  it('decides by the median of three, not before', () => {
    assert.equal(compared([100, 100, 100], [50, 50]), null)
    assert.equal(compared([100, 100, 100], [50, 50, 900]), 'identity')
    assert.equal(compared([900, 40, 40], [100, 100, 100]), 'compressed')
  })

  it('prefers compression unless plain is a tenth faster', () => {
    assert.equal(compared([100, 100, 100], [91, 91, 91]), 'compressed')
    assert.equal(compared([100, 100, 100], [89, 89, 89]), 'identity')
  })

  it('goes by time for each byte', () => {
    const large: Trial = { kind: 'read', way: 'identity', ms: 300, bytes: 6000, encoded: false }
    const known = after(startCompression(), ...[100, 100, 100].map((ms) => read('compressed', ms)), large, large, large)
    assert.equal(known.settled, 'identity')
  })

  it('leaves the choice to a source that compresses', () => {
    assert.equal(after(startCompression(), read('compressed', 100, false)).settled, 'compressed')
  })

  it('counts a page that could not be read against its way', () => {
    const fails = (way: Way): Trial => ({ kind: 'failed', way })
    const plain = [read('identity', 10), read('identity', 10), read('identity', 10)]
    const packed = [read('compressed', 100), read('compressed', 100), read('compressed', 100)]
    const broken = [fails('compressed'), fails('compressed'), read('compressed', 1)]
    assert.equal(after(startCompression(), ...broken, ...plain).settled, 'identity')
    assert.equal(
      after(startCompression(), fails('identity'), fails('identity'), plain[0]!, ...packed).settled,
      'compressed',
    )
  })

  it('takes a page without bytes for none', () => {
    const empty: Trial = { kind: 'read', way: 'compressed', ms: 5, bytes: 0, encoded: false }
    assert.deepEqual(after(startCompression(), empty), startCompression())
  })

  it('does not change its mind', () => {
    const settled = after(startCompression(), read('compressed', 1, false))
    assert.deepEqual(observeTrial(settled, read('identity', 0.1)), settled)
  })
})

describe('acceptEncoding', () => {
  it('names identity, and leaves the rest to fetch', () => {
    assert.deepEqual(acceptEncoding('identity'), { 'accept-encoding': 'identity' })
    assert.deepEqual(acceptEncoding('compressed'), {})
  })
})
