import assert from 'node:assert/strict'
import { test } from 'node:test'
import { noNotices, notice, troubleOf } from '../../cli/notices.ts'
import type { SyncEvent } from '../../src/node.ts'

const takeAll = (events: readonly SyncEvent[]) => {
  let notices = noNotices
  const lines: string[] = []
  for (const event of events) {
    const next = notice(notices, event)
    notices = next.notices
    if (next.line !== null) lines.push(next.line)
  }
  return { trouble: troubleOf(notices), lines }
}

test('hundreds of refusals are one line with a count', () => {
  const slowed: SyncEvent = { kind: 'slowed', why: 'got HTTP 429', waitMs: 1000 }
  const { trouble, lines } = takeAll(Array.from({ length: 300 }, () => slowed))
  assert.deepEqual(lines, [])
  assert.deepEqual(trouble, { counts: 'slowed down 300 times', latest: 'got HTTP 429' })
})

test('pages given up are named, at first', () => {
  const dead = (n: number): SyncEvent => ({ kind: 'page-dead', label: `page ${n} of Audi`, why: 'got HTTP 500' })
  const { trouble, lines } = takeAll(Array.from({ length: 40 }, (_, n) => dead(n)))
  assert.equal(lines.length, 5)
  assert.equal(lines[0], 'Given up for this run: page 0 of Audi: got HTTP 500')
  assert.equal(trouble?.counts, '40 pages given up')
})

test('the same note is said once', () => {
  const note: SyncEvent = { kind: 'note', message: 'The total moved.' }
  assert.deepEqual(takeAll([note, note]), { trouble: null, lines: ['The total moved.'] })
  const others = Array.from({ length: 10 }, (_, n): SyncEvent => ({ kind: 'note', message: `Another ${n}.` }))
  assert.equal(takeAll([note, ...others, note]).lines.length, 11, 'also after some others')
})

test('one trouble is not several', () => {
  const failed: SyncEvent = { kind: 'page-failed', label: 'page 1', why: 'timeout', attempt: 1, retryInMs: 5 }
  assert.deepEqual(takeAll([failed]).trouble, { counts: 'retried once', latest: 'timeout' })
})
