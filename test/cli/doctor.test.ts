import assert from 'node:assert/strict'
import { test } from 'node:test'
import { verdictLine } from '../../cli/doctor.ts'
import { nodeFinding } from '../../cli/node-finding.ts'
import { sizeFinding } from '../../cli/size-estimate.ts'

const weight = { cars: 1000, carBytes: 3000, rawBytes: 2000, databaseBytes: 3_000_000 }

test('says first whether all is well, and else what is not', () => {
  const good = nodeFinding('24.1.0')
  assert.equal(verdictLine([good]), 'All is well.')
  const bad = { check: 'source', ok: false, message: 'no', advice: null }
  assert.equal(verdictLine([good, bad, bad]), 'Not well: source.')
})

test('a Node that cannot run it is a fault with advice', () => {
  for (const version of ['22.19.0', '22.20.1', '23.0.0', '24.21.0'])
    assert.equal(nodeFinding(version).ok, true, version)
  for (const version of ['22.17.9', '20.19.5', '18.0.0']) assert.equal(nodeFinding(version).ok, false, version)
  assert.match(nodeFinding('20.19.5').advice!, /Node 22\.19 or later/)
})

test('what fits the free plan is said to fit', () => {
  const { message, advice } = sizeFinding(100_000, weight)
  assert.match(
    message,
    /^about 286 MB for 100,000 cars, about 95 MB without raw \(a stored car weighs 3,000 bytes\); fits/,
  )
  assert.equal(advice, null)
})

test('what fits without raw only, and what does not fit at all, comes with advice and is no fault', () => {
  const large = sizeFinding(190_000, weight)
  assert.deepEqual([large.ok, /--no-raw/.test(large.advice!)], [true, true])
  const larger = sizeFinding(1_000_000, weight)
  assert.deepEqual([larger.ok, /also without raw/.test(larger.advice!)], [true, true])
})

test('what else lies in the database counts', () => {
  assert.match(sizeFinding(1000, { ...weight, databaseBytes: 3_000_000 + 600 * 1024 * 1024 }).message, /^about 603 MB/)
})

test('without stored cars the usual weight is taken and named; without a total what is stored is', () => {
  assert.match(sizeFinding(1000, null).message, /as cars usually weigh, 2,900 bytes/)
  assert.match(sizeFinding(null, weight).message, /for 1,000 cars/)
  assert.match(sizeFinding(null, null).message, /^not known/)
})
