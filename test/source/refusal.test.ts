import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { refusal } from '../../src/source/refusal.ts'
import { reply, whyOf } from './fixture.ts'

const meaning = (status: number, { body = '' as unknown, headers = {}, pageSize = 1000 } = {}): string => {
  const outcome = refusal(reply(body, status, headers), 'cars page 1', pageSize)
  if (!outcome) return 'none'
  return outcome.kind === 'stop' ? outcome.reason : outcome.kind
}

describe('refusal', () => {
  it('judges every status', () => {
    const table: [string, number[]][] = [
      ['none', [200]],
      ['slow-down', [429]],
      ['retry', [500, 502, 503, 504, 520, 524, 408, 425, 418, 204, 206, 599, 101]],
      ['auth', [401, 403]],
      ['quota', [402]],
      ['smaller-page', [400, 413, 422]],
      ['protocol', [404, 410, 301, 302, 307, 308]],
    ]
    for (const [wanted, statuses] of table)
      for (const status of statuses) assert.equal(meaning(status), wanted, String(status))
  })

  it('takes 503 with Retry-After for a request to slow down', () => {
    assert.equal(meaning(503, { headers: { 'retry-after': '5' } }), 'slow-down')
  })

  it('asks for no smaller page than one row', () => {
    for (const status of [400, 413, 422]) assert.equal(meaning(status, { pageSize: 1 }), 'retry')
  })

  it('tells a rate from a quota (429)', () => {
    const quota = [
      { message: 'You have exceeded the DAILY quota for Requests on your current plan, BASIC' },
      { error: 'Monthly request limit reached.' },
      { message: 'Your quota of 5000 calls per month is exhausted' },
    ]
    const rate = [
      { message: 'Too Many Attempts.' },
      { error: 'Rate limit exceeded: 1 request per second' },
      { message: 'Quota exceeded for requests per minute' },
      { message: 'Slow down. See your monthly plan for its limits.' },
      '<html>429 Too Many Requests</html>',
      '',
    ]
    for (const body of quota) assert.equal(meaning(429, { body }), 'quota', JSON.stringify(body))
    for (const body of rate) assert.equal(meaning(429, { body }), 'slow-down', JSON.stringify(body))
  })

  it('says what was wanted, what came and what to do', () => {
    const why = (status: number): string => {
      const outcome = refusal(reply('', status), 'cars page 12 (per_page 1000)', 1000)
      return outcome ? whyOf(outcome, outcome.kind) : ''
    }
    assert.match(why(401), /^Cannot read cars page 12 \(per_page 1000\): got HTTP 401, .*Check API_KEY$/)
    assert.match(why(404), /Check API_BASE_URL$/)
    assert.match(why(302), /redirect.*not followed/)
  })
})
