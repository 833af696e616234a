import assert from 'node:assert/strict'
import { test } from 'node:test'
import { table } from '../../cli/table.ts'
import { clip, padStart, printable, widthOf } from '../../cli/text.ts'

test('widths count what the terminal shows', () => {
  assert.equal(widthOf('Audi'), 4)
  assert.equal(widthOf('현대'), 4)
  assert.equal(widthOf('e\u0301'), 1)
  assert.equal(clip('현대자동차', 5), '현대…')
  assert.equal(clip('Audi', 4), 'Audi')
  assert.equal(padStart('7', 3), '  7')
})

test('what came from elsewhere stays on its line and steers nothing', () => {
  assert.equal(printable('a\n\tb\u001b[2J\u009b1m'), 'a b\ufffd[2J\ufffd1m')
  assert.equal(printable('\u202eiduA\u2066 אאודי'), '\ufffdiduA\ufffd אאודי')
})

test('a table is aligned and nothing trails', () => {
  const rows = [
    ['현대', '1,000', 'x'],
    ['Audi and more', '7', ''],
  ]
  assert.deepEqual(table([{ title: 'name', max: 6 }, { title: 'cars', align: 'right' }, { title: 'why' }], rows), [
    'name     cars  why',
    '현대    1,000  x',
    'Audi …      7',
  ])
})
