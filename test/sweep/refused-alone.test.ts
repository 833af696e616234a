import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { openRefusedAlone } from '../../src/sweep/refused-alone.ts'

const begin = (patienceMs = 900_000) => {
  let now = 0
  const alone = openRefusedAlone(() => now, patienceMs)
  /** It is refused until the listing is to be asked, which is then let in, or not. */
  const round = (isLetIn: boolean): void => {
    while (!alone.isInDoubt()) alone.refused('HTTP 429')
    alone.listing(isLetIn)
  }
  return {
    alone,
    round,
    later: (ms: number) => {
      now += ms
    },
  }
}

describe('refused alone', () => {
  it('is what was refused each time that the listing was let in, eight times in a row', () => {
    const { alone, round } = begin()
    for (let times = 0; times < 8; times++) {
      assert.equal(alone.why(), null)
      round(true)
    }
    assert.equal(alone.why(), 'HTTP 429')
  })

  it('is not what is refused as the listing is', () => {
    const { alone, round } = begin()
    for (let times = 0; times < 50; times++) round(times % 7 !== 0)
    assert.equal(alone.why(), null)
  })

  it('is not what was let in meanwhile', () => {
    const { alone, round } = begin()
    for (let times = 0; times < 50; times++) {
      if (times % 7 === 0) alone.answered()
      round(true)
    }
    assert.equal(alone.why(), null)
  })

  it('is looked at after the second refusal in a row: one is what any limit brings', () => {
    const { alone } = begin()
    for (let times = 0; times < 5; times++) {
      alone.refused('HTTP 429')
      assert.equal(alone.isInDoubt(), false)
      alone.answered()
    }
    alone.refused('HTTP 429')
    alone.refused('HTTP 429')
    assert.equal(alone.isInDoubt(), true)
  })

  it('is waited for no longer than is set where waits are long, but never without having asked for the listing', () => {
    const { alone, round, later } = begin(900_000)
    alone.refused('HTTP 429')
    later(1_000_000)
    assert.equal(alone.why(), null)
    round(true)
    assert.equal(alone.why(), 'HTTP 429')
  })
})
