import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { retryAfterMs } from '../../../src/pace/header/retry-after.ts'
import { anyCharacter } from '../../support/any-character.ts'

const NOW = Date.UTC(2026, 9, 1, 12, 0, 0)
const http = (ms: number): string => new Date(ms).toUTCString()
const after = (value: string | null, date?: string): number | null =>
  retryAfterMs({ get: (name) => ({ 'retry-after': value, date: date ?? null })[name] ?? null }, NOW)
const said = (headers: Record<string, string>): number | null => retryAfterMs(new Headers(headers), NOW)

describe('retryAfterMs', () => {
  it('reads seconds', () => {
    assert.equal(after('120'), 120_000)
    assert.equal(after(' 3 '), 3000)
    assert.equal(after('0'), 0)
    assert.equal(after('0.25'), 250)
    assert.equal(after('31536000'), 31_536_000_000)
  })

  it('reads a date against the date of the answer, since the local clock may be wrong', () => {
    assert.equal(after(http(NOW + 3_600_000), http(NOW + 3_590_000)), 10_000)
    assert.equal(after('Thu Oct  1 12:00:09 2026', http(NOW)), 9000)
  })

  it('reads a date against the local clock where the answer has none, or one that is no date', () => {
    assert.equal(after(http(NOW + 5000)), 5000)
    assert.equal(after(http(NOW + 5000), 'yesterday-ish'), 5000)
  })

  it('is nothing for a date that is past', () => {
    assert.equal(after(http(NOW - 60_000)), 0)
  })

  // Half a century is nobody's wait; such a number is written by mistake, and tells when all the same.
  it('takes seconds since 1970 for the instant that they are', () => {
    const inSeconds = NOW / 1000
    assert.equal(after(String(inSeconds + 40)), 40_000)
    assert.equal(after(String(NOW + 40_000)), 40_000, 'milliseconds as well')
    assert.equal(after(String(inSeconds + 40), http(NOW + 30_000)), 10_000)
    assert.equal(after(String(inSeconds - 5)), 0)
    assert.equal(after('4102444800'), null, 'in the year 2100')
  })

  it('takes the longest where several limiters say one', () => {
    assert.equal(after('5, 30, 5'), 30_000)
    assert.equal(after('5, soon'), null)
  })

  it('takes what a source says instead, where it does not say it', () => {
    assert.equal(said({ 'X-Retry-After': '300' }), 300_000)
    assert.equal(said({ 'X-RateLimit-Retry-After': String(NOW / 1000 + 40) }), 40_000)
    assert.equal(said({ 'X-Rate-Limit-Retry-After-Seconds': '30' }), 30_000)
    assert.equal(said({ 'Retry-After': '2', 'X-Retry-After': '300' }), 2000)
    assert.equal(said({ 'Retry-After': 'soon', 'X-Retry-After': '300' }), 300_000)
  })

  it('takes milliseconds for it that it is rounded up from, and never shortens it', () => {
    assert.equal(said({ 'Retry-After-Ms': '1250' }), 1250)
    assert.equal(said({ 'X-Ms-Retry-After-Ms': '1250' }), 1250)
    assert.equal(said({ 'Retry-After-Ms': '1250.5', 'Retry-After': '2' }), 1250.5)
    assert.equal(said({ 'Retry-After-Ms': '250', 'Retry-After': '2' }), 2000)
    assert.equal(said({ 'Retry-After-Ms': '3000', 'Retry-After': '2' }), 3000)
    assert.equal(said({ 'Retry-After-Ms': 'x', 'Retry-After': '2' }), 2000)
    assert.equal(said({ 'Retry-After-Ms': '-1' }), null)
  })

  it('is null when it is absent or makes no sense', () => {
    for (const value of [
      ...[null, '', '-5', '1,5', '12:30', '2026-10-01', 'soon', 'soon 5', '1e3', '0x10', 'Infinity', '9'.repeat(400)],
      'Thu, 01 Oct 2026 12:00:05',
    ])
      assert.equal(after(value), null, String(value))
  })

  it('never throws, and is finite and not negative', () => {
    const value = fc.oneof(
      fc.string({ unit: anyCharacter, maxLength: 200 }),
      fc.stringMatching(/^[0-9.: A-Za-z+-]{0,40}$/),
      fc.date({ noInvalidDate: true }).map((date) => date.toUTCString()),
      fc.double().map(String),
    )
    fc.assert(
      fc.property(value, value, (retryAfter, date) => {
        const waitMs = after(retryAfter, date)
        assert.ok(waitMs === null || (Number.isFinite(waitMs) && waitMs >= 0), String(waitMs))
      }),
    )
  })
})
