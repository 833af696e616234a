import assert from 'node:assert/strict'
import { it } from 'node:test'
import { paintFor } from '../../cli/paint.ts'
import { statusLines } from '../../cli/status.ts'
import { blankSummary, type StatusReport } from '../../src/node.ts'

const AT = Date.UTC(2026, 10, 1, 12)

it('says who is at it, and of one that was killed what comes of it', () => {
  const lease = { holder: 'vm, process 7', since: '2026-11-01T11:00:00Z', expiresAt: new Date(AT).toISOString() }
  const blank = blankSummary({ source: 'auctionsapi' }, 'full', AT, 0)
  const report: StatusReport = {
    ...{ ...blank, status: 'running', phase: 'sweeping', etaMs: null, segments: [], lease, finishedAt: null },
  }
  const paint = paintFor({ isTTY: false } as never, {})
  const linesAt = (now: number) => statusLines(report, 'All is well.', null, paint, now)
  assert.ok(linesAt(AT - 1).includes('Held by vm, process 7 since 2026-11-01 11:00 UTC'))
  const gone = 'Begun by vm, process 7 at 2026-11-01 11:00 UTC, which gives no sign of life; the next sync takes over'
  assert.ok(linesAt(AT).includes(gone))
})
