import assert from 'node:assert/strict'
import { test } from 'node:test'
import { runLines } from '../../cli/runs.ts'
import type { RunRow } from '../../src/node.ts'

const row: Omit<RunRow, 'reason'> = {
  unreadFeed: null,
  runId: '5f0c4f5e-0000-4000-8000-000000000000',
  mode: 'full',
  status: 'incomplete',
  proof: 'none',
  startedAt: '2026-11-23T23:15:00.000Z',
  lastCommitAt: '2026-11-23T23:15:00.000Z',
  finishedAt: '2026-11-23T23:18:12.000Z',
  activeMs: 192_000,
  pages: { done: 0, total: null },
  requests: { total: 9, ok: 0, limited: 0, failed: 9, retried: 8 },
  cars: { seen: 0, inserted: 0, updated: 0, unchanged: 0, removed: 0, rejected: 0 },
  least: null,
}

test('the reason of a run that was given up is shown up to the cause', () => {
  const cause = 'page 12 of Mercedes-Benz: getaddrinfo ENOTFOUND auctionsapi.example'
  const reason = `The source has not answered properly for 15 min: given up (CARSYNC_GIVE_UP_SECONDS). What came last: ${cause}. What was read is stored, and the next run goes on from there`
  const [, line] = runLines([{ ...row, reason }])
  assert.match(line!, /ENOTFOUND auctionsapi/)
})
