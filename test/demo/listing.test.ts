import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { carId } from '../../demo/car-id.ts'
import { createChurn } from '../../demo/churn.ts'
import { createInventory } from '../../demo/inventory.ts'
import { createListing, type Filter, orders } from '../../demo/listing.ts'

const total = 2600
const inventory = createInventory({ seed: 4, total, brandless: 130 })

/** What the arithmetic must equal: a plain scan. */
function scan(filter: Filter, count: number, isRemoved: (index: number) => boolean): number[] {
  return Array.from({ length: count }, (_, index) => index).filter((index) => {
    const slot = inventory.slots[index % 1000]
    if (isRemoved(index) || slot === undefined) return false
    if (filter.domain !== null && slot.domain.id !== filter.domain) return false
    return filter.makes === null || (!inventory.isBrandless(index) && filter.makes.includes(slot.make.id))
  })
}

for (const order of orders)
  test(`any page of any filter, by ${order}, with cars removed, added and changed, equals a scan`, () => {
    const filters = fc.record({
      makes: fc.option(fc.uniqueArray(fc.constantFrom(9, 16, 58, 84, 147, 62, 9999), { minLength: 1, maxLength: 4 })),
      domain: fc.option(fc.constantFrom(1, 3, 12)),
    })
    const deeds = fc.array(fc.tuple(fc.constantFrom('add', 'remove', 'restore', 'change', 'changeOne'), fc.nat(300)), {
      maxLength: 6,
    })
    fc.assert(
      fc.property(filters, deeds, fc.nat(2600), fc.integer({ min: 1, max: 1000 }), (filter, deeds, from, size) => {
        const churn = createChurn(total, from)
        const listing = createListing(inventory, churn, order)
        const check = () => {
          const changedAt = (index: number) => (order === 'id' ? 0 : churn.state(index).changedAt)
          const wanted = scan(filter, churn.count(), churn.isRemoved).sort(
            (a, b) => changedAt(b) - changedAt(a) || a - b,
          )
          assert.equal(listing.count(filter), wanted.length)
          assert.deepEqual(listing.rows(filter, from, size), wanted.slice(from, from + size))
          const since = churn.count() > total ? 3 : 1
          assert.deepEqual(
            listing.feed(filter, since),
            wanted.filter((index) => churn.state(index).changedAt >= since),
          )
        }
        check()
        // Asked in between, so that nothing may be remembered for too long.
        deeds.forEach(([deed, count], nth) => {
          // Two deeds share an instant.
          const at = 1 + (nth >> 1)
          if (deed === 'change') churn.change(count / 3000, nth, at)
          else churn[deed as 'add'](count, at)
          check()
        })
      }),
      { numRuns: 60 },
    )
  })

test('churn: what is removed, restored, added and changed', () => {
  const churn = createChurn(100, 1)
  const gone = churn.remove(3, 10)
  assert.equal(gone.length, 3)
  assert.deepEqual(
    churn
      .removals()
      .map((one) => carId(one.index))
      .sort(),
    gone.toSorted(),
  )
  assert.deepEqual(churn.remove(gone, 11), [], 'what is gone cannot go')
  assert.deepEqual(churn.restore(1, 12), gone.slice(0, 1))
  assert.deepEqual(churn.add(2, 20), [carId(100), carId(101)])
  assert.deepEqual(churn.changedSince(20), [100, 101])
  const changed = churn.change(0.2, 1, 30)
  assert.ok(changed.length > 5 && changed.length < 40)
  assert.deepEqual(churn.changedSince(30).map(carId), changed)
  assert.equal(churn.remove(1000, 40).length, 100)
})
