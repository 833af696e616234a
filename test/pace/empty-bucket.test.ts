/** A bucket that somebody else has emptied, or a process that was killed, before the run begins. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { boundsOf } from '../../bench/pace/bound.ts'
import { runJob } from '../../bench/pace/run-job.ts'
import { type Scenario, scenario } from '../../bench/pace/scenario.ts'
import { createServer } from '../../bench/pace/server.ts'
import { beginOf, pagesOf, simulate } from '../../bench/pace/simulate.ts'
import { bucket } from '../../bench/pace/table.ts'
import { randomStream } from '../../demo/random.ts'
import { startPace } from '../../src/pace/start.ts'

/** How much is refused, as a share, and the times of the least. */
const emptied = (given: Scenario, burst: number, seed: number): { refused: number; times: number } => {
  const random = randomStream(seed)
  const beginAt = beginOf(random)
  const server = createServer(given, beginAt, random)
  for (let taken = 0; taken < burst; taken++) server.arrive(beginAt - 1)
  const { pages } = given
  const { least } = boundsOf(given, { beginAt, pages, state: server.state() })
  const pace = startPace({ now: beginAt, pages })
  const ran = runJob({ scenario: given, server, beginAt, pages: pagesOf(given), pace, random, mostMs: 12 * least })
  return { refused: ran.refused / ran.requests, times: ran.ms / least }
}

describe('a bucket that is empty when the run begins', () => {
  for (const [rate, burst, tells, serviceMs] of [
    [1, 60, 'retry-after', 110],
    [5, 10, 'retry-after', 110],
    [20, 10, 'retry-after', 8],
    [20, 60, 'silent', 110],
    [50, 60, 'silent', 8],
  ] as const)
    it(`is not taken for one that holds next to nothing (${rate} a second, ${burst}, ${tells}, ${serviceMs} ms)`, () => {
      for (let seed = 1; seed <= 6; seed++) {
        const wayMs = serviceMs / 5
        const given = scenario('emptied', bucket(rate, burst), tells, { serviceMs, wayMs, jitterMs: wayMs / 10 })
        const { refused, times } = emptied(given, burst, seed)
        assert.ok(refused < 0.02, `seed ${seed}: ${(100 * refused).toFixed(1)}% refused`)
        assert.ok(times < 1.1, `seed ${seed}: ${times.toFixed(2)} times the least`)
      }
    })

  it('turns out to hold next to nothing where it is refused again and again at less than was granted', () => {
    // Of a bucket of one token somebody else took the first.
    const shared = scenario('shared', bucket(5, 1), 'silent', { tenant: 1 })
    const { ms, leastMs } = simulate(shared, 1)
    assert.ok(ms < 1.2 * leastMs, `${(ms / leastMs).toFixed(2)} times the least`)
  })
})
