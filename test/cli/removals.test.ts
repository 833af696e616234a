import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { decidedLine, heldLines, runNamed } from '../../cli/removals.ts'
import { openDatabase } from '../../src/node.ts'
import { placeEmbedded } from '../support/embedded.ts'
import { spawnCommand } from '../support/spawn-command.ts'
import { endedIn, IN_TURN, inTurns } from '../support/turns.ts'

const RUN = '5f0c4f5e-0000-4000-8000-000000000001'
const OTHER = '5f0d0000-0000-4000-8000-000000000002'
const call = (command: string): string => `carsync ${command}`

describe('heldLines', () => {
  it('says that nothing is held', () => {
    assert.deepEqual(heldLines([], call), ['No removals are held back.'])
  })

  it('shows each run in all and by part, and the commands that decide on the newest', () => {
    const lines = heldLines(
      [
        {
          runId: RUN,
          at: '2026-10-01T00:00:00.000Z',
          cars: 1234,
          segments: [
            { name: 'Audi\u001b[31m', cars: 1200 },
            { name: 'other brands', cars: 34 },
          ],
        },
        { runId: OTHER, at: '2026-09-30T00:00:00.000Z', cars: 80, segments: [{ name: 'Kia', cars: 80 }] },
      ],
      call,
    )
    const text = lines.join('\n')
    assert.match(lines[0]!, /run +held since +part +cars/)
    assert.match(text, /5f0c4f5e .*in all +1,234/)
    assert.match(text, /other brands +34/)
    assert.match(text, /5f0d0000 .*in all +80/)
    assert.match(text, /Mark them removed: +carsync removals approve 5f0c4f5e/)
    assert.match(text, /Forget the list: +carsync removals discard 5f0c4f5e/)
    assert.ok(!text.includes('\u001b'), 'nothing of a brand steers the terminal')
  })
})

describe('decidedLine', () => {
  it('says what was done, how many stay, and how to take it back', () => {
    assert.equal(
      decidedLine('approve', { cars: 1200, seenSince: 34 }, call, '5f0c4f5e'),
      'Marked 1,200 cars removed. 34 have been seen since and stay. To take it back: carsync removals undo 5f0c4f5e',
    )
    assert.equal(
      decidedLine('approve', { cars: 1, seenSince: 0 }, call, '5f0c4f5e'),
      'Marked 1 car removed. To take it back: carsync removals undo 5f0c4f5e',
    )
    assert.match(
      decidedLine('discard', { cars: 80, seenSince: 0 }, call, ''),
      /^Forgot 80 cars\. .*two more full sweeps/,
    )
    assert.match(decidedLine('undo', { cars: 80, seenSince: 0 }, call, ''), /^Brought 80 cars back\. They stay until/)
  })
})

describe('runNamed', () => {
  it('takes the id or its beginning, in either case', () => {
    assert.equal(runNamed(RUN, [RUN, OTHER], 'run'), RUN)
    assert.equal(runNamed('5F0C', [RUN, OTHER], 'run'), RUN)
  })

  it('says what there is where none or several begin so', () => {
    assert.throws(
      () => runNamed('5f0', [RUN, OTHER], 'run'),
      /more than one begins with "5f0". There are: 5f0c4f5e, 5f0d0000/,
    )
    assert.throws(() => runNamed('a', [RUN], 'run'), /none begins with "a". There are: 5f0c4f5e/)
    assert.throws(() => runNamed('a', [], 'run with removals held back'), /There is no run with removals held back/)
  })
})

describe('removals --demo', () => {
  it('names commands that work on the demo database too', async (t) => {
    const cwd = mkdtempSync(join(tmpdir(), 'carsync-removals-'))
    t.after(() => rmSync(cwd, { recursive: true, force: true }))
    const embeddedFolder = join(cwd, '.carsync', 'demo')
    await placeEmbedded(embeddedFolder)
    const db = await openDatabase({ databaseUrl: null }, { embeddedFolder })
    await db.query(
      `insert into carsync.runs (run_id, source, mode, status, log_listed) values ($1::text::uuid, 'demo', 'full', 'complete', true)`,
      [RUN],
    )
    await db.query(
      `insert into carsync.held_removals (source, source_id, run_id, segment) values ('demo', '1', $1::text::uuid, 'Audi')`,
      [RUN],
    )
    await db.close()
    const turns = [['--demo'], ['approve', '5f0c4f5e', '--demo']].map((args) => ({ args: ['removals', ...args] }))
    const { code, stdout, stderr } = await spawnCommand(cwd, inTurns(turns), [], IN_TURN).ended
    assert.equal(code, 0, stderr)
    const { codes, shown } = endedIn(stderr, stdout)
    assert.deepEqual(codes, [0, 0], stderr)
    assert.match(shown[0]!, /removals approve 5f0c4f5e --demo$/m)
    assert.match(shown[0]!, /removals discard 5f0c4f5e --demo$/m)
    assert.match(shown[1]!, /To take it back: .*removals undo 5f0c4f5e --demo$/m)
  })
})
