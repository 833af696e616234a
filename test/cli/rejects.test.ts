import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { rejectLines, replayedLine } from '../../cli/rejects.ts'

describe('replayedLine', () => {
  it('says what became of the records', () => {
    assert.equal(
      replayedLine({ read: 1234, stored: 1200, settled: 4, rejected: 30 }),
      'Read 1,234 rejected records again: 1,200 stored, 4 settled, for a later read of the car is stored, 30 still rejected.',
    )
    assert.equal(
      replayedLine({ read: 1, stored: 1, settled: 0, rejected: 0 }),
      'Read 1 rejected record again: 1 stored, 0 still rejected.',
    )
  })

  it('says that there was nothing to do', () => {
    assert.match(replayedLine({ read: 0, stored: 0, settled: 0, rejected: 0 }), /nothing to read again/)
  })
})

describe('rejectLines', () => {
  it('shows where a record was met and why it was rejected, and lets nothing of it steer the terminal', () => {
    const [head, row] = rejectLines([
      {
        id: '7',
        runId: '00000000-0000-0000-0000-000000000000',
        segment: 'Audi',
        page: 3,
        position: 12,
        sourceId: null,
        reason: 'id_missing',
        path: 'id',
        payload: '{"title":"\u001b[31mred"}',
        at: '2026-10-01T00:00:00.000Z',
      },
    ])
    assert.match(head!, /id +at +place +car +reason +path +payload/)
    assert.match(row!, /Audi page 3 row 13 +- +id_missing +id/)
    assert.ok(!row!.includes('\u001b'))
  })
})
