import assert from 'node:assert/strict'
import { test } from 'node:test'
import { checkDigit, vinSum, writeVinTail } from '../../demo/vin.ts'

test('the check digit of the well-known examples', () => {
  assert.equal(checkDigit('11111111111111111'), '1')
  assert.equal(checkDigit('1M8GDM9A_KP042788'), 'X')
})

test('a tail makes a valid VIN of any prefix, and none where position 9 is not a check digit', () => {
  for (const index of [0, 7, 999_999, 1_000_000, 3_456_789]) {
    const into = Buffer.from('1HGDA101_________')
    writeVinTail(into, 8, vinSum('1HGDA101'), 2019, index)
    const vin = into.toString()
    assert.equal(vin[8], checkDigit(vin))
    assert.equal(vin[9], 'K')
    writeVinTail(into, 8, null, 2019, index)
    assert.equal(into.toString()[8], 'B')
  }
})
