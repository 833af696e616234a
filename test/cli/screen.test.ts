import assert from 'node:assert/strict'
import { test } from 'node:test'
import { stripVTControlCharacters, styleText } from 'node:util'
import fc from 'fast-check'
import { progressLine } from '../../cli/event-line.ts'
import { opening, screen, shareOf } from '../../cli/screen.ts'
import { widthOf } from '../../cli/text.ts'
import { pictureOf } from './progress-picture.ts'

test('the block at 100 columns', () => {
  assert.deepEqual(screen(pictureOf(), 100, 83_000), [
    '  Fetching  ━━━━━━━━━━━━━━━━────────────────────────   42%   1:23   2 to 3 min left',
    '',
    '  Cars      80,000 of 190,000   2,310/s   138,600/min',
    '  Stored    78,000 new   1,200 changed   800 unchanged   34 rejected',
    '  Pages     81 of 191   1,000 cars a page',
    '  Requests  4.8/s   5 in flight   refused at 5.2/s; holding 5/s',
    '',
    '  ✓ Audi',
    '  BMW           ━━━━━━━━━━━─────────────   49%  7,000 of 14,250',
    '  other brands  ────────────────────────    0%  0 of 146,000',
  ])
})

test('before there is any progress, what keeps the source from answering and when it is asked again', () => {
  assert.deepEqual(opening('asking the source what it has', 70, 12_000), ['  0:12  asking the source what it has'])
  const trouble = { counts: 'retried 4 times', latest: 'the list of brands: getaddrinfo ENOTFOUND nohost.invalid' }
  assert.deepEqual(opening('asking the source what it has', 70, 12_000, { trouble, againInMs: 8200 }), [
    '  0:12  asking the source what it has; again in 8.2 s',
    '  Trouble   retried 4 times   the list of brands',
    '            getaddrinfo ENOTFOUND nohost.invalid',
  ])
})

test('at 40 columns the time left stands whole', () => {
  const [head] = screen(pictureOf(), 40, 83_000)
  assert.match(head!, /^ {2}Fetching {2}━+─+ +42% {2}2 to 3 min left$/)
})

test('the block at 60 columns goes on to the next line where it would wrap', () => {
  const trouble = {
    counts: 'retried 7 times',
    latest: 'Cannot read page 3 of a segment with a very long name: got HTTP 500',
  }
  assert.deepEqual(screen(pictureOf(), 60, 83_000, { trouble }), [
    '  Fetching  ━━━━━━━──────────   42%   1:23   2 to 3 min left',
    '',
    '  Cars      80,000 of 190,000   2,310/s   138,600/min',
    '  Stored    78,000 new   1,200 changed   800 unchanged',
    '            34 rejected',
    '  Pages     81 of 191   1,000 cars a page',
    '  Requests  4.8/s   5 in flight',
    '            refused at 5.2/s; holding 5/s',
    '',
    '  ✓ Audi',
    '  BMW           ━━━━━━━━━───────────   49%  7,000 of 14,250',
    '  other brands  ────────────────────    0%  0 of 146,000',
    '',
    '  Trouble   retried 7 times',
    '            Cannot read page 3 of a segment with a very lon…',
    '            got HTTP 500',
  ])
})

test('without a total there is no percentage, and it says so', () => {
  const unknown = pictureOf({ carsTotal: null, pages: { done: 81, total: null }, etaMs: null, segments: [] })
  const lines = screen(unknown, 80, 1000)
  assert.match(lines[0]!, /┄+ {2}0:01 {3}total unknown$/)
  assert.doesNotMatch(lines.join('\n'), /%/)
})

test('before the first car there is no speed, in the block and in the line', () => {
  const picture = pictureOf({ carsPerSecond: null, etaMs: null })
  assert.match(screen(picture, 100, 1000).join('\n'), / of 190,000 +–\/s +–\/min\n/)
  assert.match(progressLine(picture), /, – cars\/s, 4\.8 requests\/s, /)
})

test('it is never 100% before it is done', () => {
  const all = { ...pictureOf().cars, seen: 190_000 }
  assert.match(screen(pictureOf({ cars: all, phase: 'checking' }), 80, 0)[0]!, /Checking .*─ +99%/)
  assert.match(screen(pictureOf({ cars: all, phase: 'done' }), 80, 0)[0]!, /Done +━+ +100% +0:00$/)
  assert.equal(shareOf(pictureOf({ carsTotal: 0, phase: 'planning' })), 0)
})

test('of many segments at most six rows are shown', () => {
  const segments = Array.from({ length: 40 }, (_, n) => ({ name: `Brand ${n}`, done: n < 20 ? 9 : 0, total: 9 }))
  const lines = screen(pictureOf({ segments }), 60, 0)
  assert.equal(lines.filter((line) => line.includes(' of 9')).length, 5)
  assert.equal(lines.at(-1), '  and 15 more')
})

test('a name from the source cannot steer the terminal', () => {
  const segments = [
    { name: '\u001b[2JAudi', done: 0, total: 1 },
    { name: 'B\nMW', done: 0, total: 1 },
  ]
  assert.doesNotMatch(screen(pictureOf({ segments }), 80, 0).join(''), /[\u0000-\u001f]/)
})

test('no line is wider than the terminal, whatever the figures, and colours change no column', () => {
  const figure = fc.nat(2_000_000_000)
  const name = fc.oneof(fc.string({ maxLength: 40 }), fc.constant('현대자동차 제네시스 아이오닉'))
  const segment = fc.record({ name, done: figure, total: fc.option(figure) })
  fc.assert(
    fc.property(
      fc.integer({ min: 60, max: 120 }),
      figure,
      figure,
      fc.array(segment),
      fc.string(),
      (width, n, m, segments, why) => {
        const picture = pictureOf({
          cars: { seen: n, inserted: m, updated: n, unchanged: m, removed: n, rejected: m },
          carsTotal: Math.max(n, m),
          pages: { done: n, total: m },
          etaMs: { low: n, high: n + m },
          segments,
          pace: { requestsPerSecond: 1, concurrency: 1, pageSize: m, why },
        })
        const trouble = { counts: 'retried', latest: why }
        const lines = screen(picture, width, n, { trouble })
        for (const line of lines) assert.ok(widthOf(line) <= width, `${widthOf(line)} > ${width}: ${line}`)
        const coloured = screen(picture, width, n, {
          trouble,
          paint: (tone, text) => styleText(tone, text, { validateStream: false }),
        })
        assert.deepEqual(coloured.map(stripVTControlCharacters), lines)
      },
    ),
  )
})
