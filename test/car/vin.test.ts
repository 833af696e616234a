import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Flags } from '../../src/car/field.ts'
import { vin } from '../../src/car/vin.ts'

const read = (value: unknown): [string | null, Flags] => {
  const flags: Flags = []
  return [vin(value, flags), flags]
}

describe('vin', () => {
  it('keeps a VIN whose check digit is right', () => {
    // The all-ones VIN is the textbook case; the second has the check digit X.
    assert.deepEqual(read('11111111111111111'), ['11111111111111111', []])
    assert.deepEqual(read('1M8GDM9AXKP042788'), ['1M8GDM9AXKP042788', []])
  })

  it('trims and upper-cases', () => {
    assert.deepEqual(read(' 1m8gdm9axkp042788\n'), ['1M8GDM9AXKP042788', []])
  })

  it('keeps a VIN whose check digit is wrong, with a flag', () => {
    assert.deepEqual(read('1M8GDM9A1KP042788'), ['1M8GDM9A1KP042788', ['vin_check_digit']])
  })

  it('is NULL with a flag in any other format', () => {
    const short = '1M8GDM9AXKP04278'
    const wrong = [
      short,
      `${short}88`,
      `${short}I`,
      `${short}O`,
      `${short}Q`,
      `${short}…`,
      `${short}ſ`,
      12345,
      {},
      true,
    ]
    for (const value of wrong) assert.deepEqual(read(value), [null, ['vin_malformed']], String(value))
  })

  it('is NULL without a flag where there is none', () => {
    for (const value of [null, undefined, '', '  ']) assert.deepEqual(read(value), [null, []])
  })
})
