import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Silence } from '../../src/events.ts'
import { openSilence } from '../../src/request/silence.ts'

const GIVE_UP_MS = 900_000

const silent = (before?: Silence) => {
  const clock = { at: 1_000_000 }
  return { clock, silence: openSilence({ now: () => clock.at }, GIVE_UP_MS, before) }
}

describe('the silence of a source', () => {
  it('is its death once it lasts for longer than it is waited for, and its end is an answer', () => {
    const { clock, silence } = silent()
    silence.failed('got HTTP 500')
    clock.at += GIVE_UP_MS
    assert.equal(silence.isDead(), false)
    clock.at += 1
    assert.equal(silence.isDead(), true)
    assert.match(silence.obituary(), /has not answered properly for 15 min: given up .* got HTTP 500\./)
    silence.served(clock.at)
    assert.equal(silence.isDead(), false)
    assert.deepEqual(silence.kept(), {})
  })

  it('goes on where the process before left it, once it was asked again', () => {
    const { clock, silence } = silent({ goodMs: GIVE_UP_MS - 1000, aliveMs: GIVE_UP_MS - 1000 })
    clock.at += 5000
    assert.equal(silence.isDead(), false, 'nobody has asked yet')
    silence.failed('got HTTP 500')
    assert.equal(silence.isDead(), true)
    assert.deepEqual(silence.kept(), { silence: { goodMs: GIVE_UP_MS + 4000, aliveMs: GIVE_UP_MS + 4000 } })
  })

  it('is none while a wait lasts that it has asked for, whoever was told of it', () => {
    const { clock, silence } = silent()
    silence.failed('got HTTP 429')
    silence.refused(clock.at + 1_800_000)
    const { silence: kept } = silence.kept()
    assert.equal(kept!.aliveMs, -1_800_000)
    const next = silent(kept)
    next.clock.at += GIVE_UP_MS + 1
    next.silence.failed('got HTTP 429')
    assert.equal(next.silence.isDead(), false)
  })
})
