import assert from 'node:assert/strict'
import { it } from 'node:test'
import { counted as inFigures } from '../../cli/figure.ts'
import { mayRemove } from '../../src/run/absence.ts'
import { counted } from '../../src/run/counted.ts'
import { compareCounts } from '../../src/run/differences.ts'
import { otherInventory } from '../../src/run/other-inventory.ts'

it('says one of a thing otherwise than none or several', () => {
  assert.deepEqual(
    [0, 1, 2].map((number) => counted(number, 'car')),
    ['0 cars', '1 car', '2 cars'],
  )
  assert.equal(counted(1, 'car is', 'cars are'), '1 car is')
  assert.deepEqual(
    [1, 1000].map((number) => inFigures(number, 'car')),
    ['1 car', '1,000 cars'],
  )
})

it('is what sentences about one car are made with', () => {
  assert.match(otherInventory({ expected: 100, total: 1, changes: 0 })!, /^The source has 1 car, where 100 were/)
  assert.match(compareCounts(1, 100, 0)[0]!.message, /^the source has 1 car; stored are 100/)
  const verdict = mayRemove({ gone: 1, all: 9 }, new Map(), { kind: 'count', count: 0 })
  assert.match(JSON.stringify(verdict), /1 car is gone, and at most 0/)
})
