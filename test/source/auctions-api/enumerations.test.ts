import assert from 'node:assert/strict'
import { it } from 'node:test'
import * as enumerations from '../../../src/source/auctions-api/enumerations.ts'

it('every numbered status means something', () => {
  for (const name of Object.values(enumerations.STATUS_NAMES)) assert.ok(enumerations.STATUSES.has(name), name)
  assert.equal(enumerations.STATUSES.size, Object.keys(enumerations.STATUS_NAMES).length)
})

it('names are unique in each list', () => {
  const { FUELS, TRANSMISSIONS, DRIVES, SELLER_TYPES, SITES, STATUS_NAMES, CONDITIONS, ODOMETER_STATUSES } =
    enumerations
  for (const names of [FUELS, TRANSMISSIONS, DRIVES, SELLER_TYPES, SITES, STATUS_NAMES, CONDITIONS, ODOMETER_STATUSES])
    assert.equal(new Set(Object.values(names)).size, Object.keys(names).length)
})
