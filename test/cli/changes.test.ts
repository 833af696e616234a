import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import { openDatabase } from '../../src/node.ts'
import type { Database } from '../../src/store/database.ts'
import { newMigratedUrl } from '../support/databases.ts'
import { type Command, spawnCommand } from '../support/spawn-command.ts'
import { transactionsOver } from '../support/transactions-over.ts'

type Log = { db: Database; carsync(...args: string[]): Command; add(...ids: string[]): Promise<void> }

const begin = async (t: TestContext): Promise<Log> => {
  const databaseUrl = await newMigratedUrl()
  const cwd = mkdtempSync(join(tmpdir(), 'carsync-changes-'))
  const db = await openDatabase({ databaseUrl }, { embeddedFolder: null })
  t.after(async () => {
    await db.close()
    rmSync(cwd, { recursive: true, force: true })
  })
  return {
    db,
    carsync: (...args) => spawnCommand(cwd, { DATABASE_URL: databaseUrl }, ['changes', ...args]),
    add: async (...ids) => {
      for (const id of ids)
        await db.query(
          `insert into car_changes (source, source_id, run_id, kind, changes)
           values ('auctionsapi', $1, $2::text::uuid, 'price_changed', '{"price": {"from": 1, "to": 2}}')`,
          [id, randomUUID()],
        )
      await transactionsOver(db)
    },
  }
}

const idsOf = (lines: readonly string[]): string[] => lines.map((line) => JSON.parse(line).sourceId)

describe('carsync changes', { concurrency: true }, () => {
  it('prints a change a line, or one object, and goes on where it is told to', async (t) => {
    const { carsync, add } = await begin(t)
    await add('a', 'b', 'c')
    const lines = await carsync('--limit', '2').ended
    assert.equal(lines.code, 0, lines.stderr)
    const [first, second] = lines.stdout.trim().split('\n')
    assert.deepEqual(idsOf([first!, second!]), ['a', 'b'])
    const { changes, kind, cursor } = JSON.parse(second!)
    assert.deepEqual({ changes, kind }, { changes: { price: { from: 1, to: 2 } }, kind: 'price_changed' })
    assert.equal(lines.stderr.trim(), `Go on with: --since ${cursor}`)

    const { stdout, stderr } = await carsync('--since', cursor, '--json').ended
    const rest = JSON.parse(stdout)
    assert.deepEqual(
      rest.changes.map((each: { sourceId: string }) => each.sourceId),
      ['c'],
    )
    assert.equal(stderr, '')
    const none = JSON.parse((await carsync('--since', rest.cursor, '--json').ended).stdout)
    assert.deepEqual(none, { changes: [], cursor: rest.cursor })
  })

  it('follows the log until it is stopped, and ends well', async (t) => {
    const { carsync, add } = await begin(t)
    await add('a')
    const { child, ended, lines } = carsync('--follow', '--limit', '1')
    assert.deepEqual(idsOf(await lines(1)), ['a'])
    await add('b', 'c')
    assert.deepEqual(idsOf(await lines(3)), ['a', 'b', 'c'])
    child.kill('SIGINT')
    const { code, stderr } = await ended
    assert.equal(code, 0, stderr)
    assert.match(stderr, /^Go on with: --since \d+-\d+\n$/)
  })

  it('ends when its reader has gone away', async (t) => {
    const { carsync, add } = await begin(t)
    await add('a')
    const { child, ended, lines } = carsync('--follow')
    await lines(1)
    child.stdout!.destroy()
    await add('b')
    assert.equal((await ended).code, 0)
  })

  it('refuses what is no cursor, and one of changes that the database has not had', async (t) => {
    const { carsync } = await begin(t)
    const wrong = await carsync('--since', 'yesterday').ended
    assert.equal(wrong.code, 2)
    assert.match(wrong.stderr, /Wanted a cursor.*7512-90211/)
    const ahead = await carsync('--since', '99999999999-5').ended
    assert.equal(ahead.code, 2)
    assert.match(ahead.stderr, /is not of this database/)
    assert.equal(ahead.stdout, '')
  })
})
