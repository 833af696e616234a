import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { logLine, type Said } from '../../cli/log-line.ts'
import { jsonWatch } from '../../cli/watch.ts'
import type { Summary, SyncEvent } from '../../src/node.ts'
import { pictureOf } from './progress-picture.ts'

const AT = Date.UTC(2026, 10, 25, 12)
const summary = { runId: 'r', status: 'complete' } as Summary
const segments = [{ name: 'Audi', done: 0, total: null }]

/** One of each kind: a kind that is added to the events and not here does not pass the types. */
const EACH: { [K in (SyncEvent | Said)['kind']]: Extract<SyncEvent | Said, { kind: K }> } = {
  started: { kind: 'started', runId: 'r', source: 's', mode: 'full', resumed: true },
  'lease-awaited': { kind: 'lease-awaited', holder: 'h', since: '2026-11-25T11:00:00.000Z' },
  planned: { kind: 'planned', total: 5, segments, note: null },
  progress: { kind: 'progress', progress: pictureOf() },
  slowed: { kind: 'slowed', why: 'got HTTP 429', waitMs: 1000 },
  'page-failed': { kind: 'page-failed', label: 'page 1', why: 'timeout', attempt: 1, retryInMs: 5 },
  'page-dead': { kind: 'page-dead', label: 'page 1', why: 'timeout' },
  note: { kind: 'note', message: 'The total moved.' },
  finished: { kind: 'finished', summary },
  stage: { kind: 'stage', message: 'starting' },
  message: { kind: 'message', message: 'Stopping' },
  error: { kind: 'error', message: 'wrong', exitCode: 2 },
}

type Line = Record<string, unknown> & { time: string; level: string; event: string }
const lines = Object.values(EACH).map((event) => JSON.parse(logLine(event, AT)) as Line)

test('every event is a line with the time, its level, its name and what it says', () => {
  assert.deepEqual(JSON.parse(logLine(EACH.slowed, AT)), {
    time: '2026-11-25T12:00:00.000Z',
    level: 'warn',
    event: 'pace.slowed',
    why: 'got HTTP 429',
    waitMs: 1000,
  })
  for (const line of lines) assert.deepEqual(Object.keys(line).slice(0, 3), ['time', 'level', 'event'])
  assert.equal(new Set(lines.map(({ event }) => event)).size, lines.length)
})

test('the documents name every event, its level and its members, and no event that is not there', () => {
  const text = readFileSync(new URL('../../docs/logs.md', import.meta.url), 'utf8')
  const rows = [...text.matchAll(/^\| `([a-z.]+)` \| ([^|]+) \| (.+) \|$/gm)]
  assert.deepEqual(rows.map(([, event]) => event).sort(), lines.map(({ event }) => event).sort())
  for (const [, event, levels, members] of rows) {
    const { time, level, ...rest } = lines.find((line) => line.event === event)!
    assert.ok(levels!.includes(level), `${event} at ${time}: ${level}`)
    for (const member of Object.keys(rest))
      if (member !== 'event') assert.ok(members!.includes(`\`${member}\``), member)
  }
})

test('the level of the end follows from how it ended', () => {
  const levelOf = (status: Summary['status']) =>
    JSON.parse(logLine({ kind: 'finished', summary: { ...summary, status } }, AT)).level
  assert.deepEqual((['complete', 'incomplete', 'busy', 'failed'] as const).map(levelOf), [
    'info',
    'warn',
    'warn',
    'error',
  ])
})

test('what comes from elsewhere neither ends a line nor steers a terminal, and is read back as it was', () => {
  const why = 'a\nb\r\u001b[31m\u009b31m\u007f\u2028\u2029\u202e\u2066"\\'
  const line = logLine({ kind: 'page-dead', label: 'x', why }, AT)
  assert.doesNotMatch(line, /[\u0000-\u001f\u007f-\u009f\u2028\u2029\u202e\u2066]/)
  assert.equal(JSON.parse(line).why, why)
})

test('progress is told once a second; --quiet leaves the end and what the program itself says', () => {
  let now = AT
  const told = (onlyEnd: boolean): string[] => {
    const said: string[] = []
    const watch = jsonWatch(
      (line) => said.push(JSON.parse(line).event),
      () => now,
      onlyEnd,
    )
    watch.stage('starting')
    for (let i = 0; i < 25; i++) {
      watch.event(EACH.progress)
      now += 100
    }
    watch.event(EACH.slowed)
    watch.say('Stopping')
    watch.event(EACH.finished)
    return said
  }
  const three = ['run.progress', 'run.progress', 'run.progress']
  assert.deepEqual(told(false), ['stage', ...three, 'pace.slowed', 'message', 'run.finished'])
  assert.deepEqual(told(true), ['message', 'run.finished'])
})
