import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type EndingContext, endingLines } from '../../cli/ending.ts'
import { plain } from '../../cli/paint.ts'
import type { Summary } from '../../src/node.ts'

const summaryOf = (changes: Partial<Summary> = {}): Summary => ({
  runId: '5f0c4f5e-0000-4000-8000-000000000000',
  source: 'auctionsapi',
  mode: 'full',
  status: 'complete',
  proof: 'exact',
  resumed: false,
  startedAt: '2026-11-23T23:15:00.000Z',
  finishedAt: '2026-11-23T23:18:12.000Z',
  durationMs: 192_000,
  activeMs: 192_000,
  pages: { done: 190, total: 190 },
  requests: { total: 203, ok: 198, limited: 4, failed: 1, retried: 1 },
  cars: { seen: 189_995, inserted: 189_995, updated: 0, unchanged: 0, removed: 0, rejected: 0 },
  rate: { carsPerSecond: 989.6, carsPerMinute: 59_376, pagesPerSecond: 1 },
  heldRemovals: 0,
  learned: { pageSize: 1000, requestsPerSecond: null, concurrency: 6, why: 'nothing pushes back' },
  ...changes,
})

const context: EndingContext = {
  demo: null,
  embedded: false,
  dryRun: false,
  schema: 'public',
  call: (command) => `carsync ${command}`,
}
const ending = (summary: Partial<Summary>, changes: Partial<EndingContext> = {}): string =>
  endingLines(summaryOf(summary), { ...context, ...changes }, plain).join('\n')

test('a complete run: the counts, aligned, and how to query them', () => {
  assert.deepEqual(endingLines(summaryOf(), context, plain), [
    '',
    '✓ Complete in 3 min 12 s.',
    '',
    '  Cars seen       189,995',
    '    new           189,995',
    '    changed             0',
    '    unchanged           0',
    '    removed             0',
    '    rejected            0',
    '  Pages               190  of 190',
    '  Requests            203  4 refused for speed, 1 failed, 1 made again',
    '  Pace               open  nothing pushes back',
    '  Duration     3 min 12 s',
    '  Speed             990/s  59,376 cars a minute',
    '  Proof             exact  shown to have seen every car of the source',
    '',
    'Query them, for example:',
    `  psql "$DATABASE_URL" -c 'select make, count(*) from public.cars where removed_at is null group by 1 order by 2 desc'`,
  ])
})

test('a limit that was not found out is not given out as found, and without cars there is no speed', () => {
  const { learned, cars } = summaryOf()
  const text = ending({
    learned: {
      ...learned,
      requestsPerSecond: 117,
      seeking: true,
      why: '429 at 44/s; finding out the limit, trying 117/s',
    },
    cars: { ...cars, seen: 0 },
  })
  assert.match(text, /Pace +seeking +429 at 44\/s; finding out the limit, trying 117\/s\n/)
  assert.match(text, /Speed +–\n/)
})

test('an incremental run says what it has read, and raises no alarm about the rest', () => {
  const text = ending({ mode: 'incremental', proof: 'none' })
  assert.match(
    text,
    /^\n✓ Complete in 3 min 12 s\. What changed since the last run was read; --full reads everything\.\n/,
  )
  assert.match(text, /Proof +none {2}only what changed was read; a full sweep proves\n/)
  assert.doesNotMatch(text, /not shown to have seen every car/)
})

test('an unfinished run says why, and that it goes on', () => {
  const text = ending({ status: 'incomplete', reason: 'interrupted' })
  assert.match(text, /Incomplete after 3 min 12 s\. Interrupted\.\n/)
  assert.match(text, /Run it again, it goes on from here: carsync sync$/)
})

test('a run that another process has taken over is told of as far as it is', () => {
  const lease = { holder: 'host, process 8', since: '2026-11-23T23:15:00.000Z', expiresAt: null }
  const text = ending({ status: 'busy', lease, reason: 'the lease went to host, process 8' })
  assert.match(text, /Busy\. host, process 8 has been syncing since .*\. The lease went to host, process 8\./)
  assert.doesNotMatch(text, /Nothing was done/)
  assert.match(text, /Cars seen +189,995/)
})

test('another process at it is named, and there are no counts', () => {
  const lease = {
    holder: 'host-a, process 7',
    since: '2026-11-23T23:15:00.000Z',
    expiresAt: '2026-11-23T23:16:00.000Z',
  }
  const text = ending({ runId: '', status: 'busy', lease })
  assert.match(text, /Busy\. host-a, process 7 has been syncing since 2026-11-23 23:15 UTC\. Nothing was done\./)
  assert.doesNotMatch(text, /Cars seen/)
})

test('rejected records and held removals are pointed out', () => {
  const text = ending({ heldRemovals: 1200, cars: { ...summaryOf().cars, rejected: 3 } })
  assert.match(text, /1,200 removals are held back/)
  assert.match(text, /Look at the 3 rejected: carsync rejects/)
})

test('a failed run leads to the doctor', () => {
  assert.match(
    ending({ status: 'failed', reason: 'the key was refused' }),
    /The key was refused\.[\s\S]*carsync doctor$/,
  )
})

test('the demo says what to set for a real API', () => {
  const text = ending({}, { demo: 'unconfigured', embedded: true })
  for (const name of ['API_BASE_URL=https://', 'API_KEY=', 'DATABASE_URL=postgres://'])
    assert.ok(text.includes(name), name)
  assert.doesNotMatch(text, /psql/)
})

test('after --demo the next commands look into the demo too', () => {
  assert.match(ending({ status: 'incomplete' }, { demo: 'asked', embedded: true }), /carsync sync --demo$/)
  assert.match(ending({ status: 'failed' }, { demo: 'asked', embedded: true }), /carsync doctor --demo$/)
})

test('a dry run says what there is, and that nothing was written', () => {
  const text = ending({ cars: { ...summaryOf().cars, seen: 999, rejected: 1 } }, { dryRun: true })
  assert.match(
    text,
    /^\nDry run: nothing was written\. 190 pages in all; the first page has 999 cars .* and 1 that cannot\.\n/,
  )
  assert.match(text, /Do it: carsync sync$/)
  assert.doesNotMatch(text, /Cars seen|carsync rejects/)
})
