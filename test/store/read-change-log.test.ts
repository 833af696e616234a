import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { describe, it } from 'node:test'
import { closeForeignEra } from '../../src/store/change-eras.ts'
import { namesOf, type Session } from '../../src/store/database.ts'
import { FIRST_CURSOR, isCursor, readChangeLog } from '../../src/store/read-change-log.ts'
import { databaseKinds, newDatabase } from '../support/databases.ts'
import { transactionsOver } from '../support/transactions-over.ts'
import { newSource } from './fixture.ts'

const log = (session: Pick<Session, 'query'>, source: string, id: string) =>
  session.query(`insert into car_changes (source, source_id, run_id, kind) values ($1, $2, $3::text::uuid, 'listed')`, [
    source,
    id,
    randomUUID(),
  ])

for (const kind of databaseKinds) {
  const db = await newDatabase(kind)

  describe(`readChangeLog on ${kind}`, () => {
    it('gives every change once, in batches, and the same cursor where nothing is new', async () => {
      const source = newSource()
      const names = namesOf('public', source)
      await db.transaction(async (session) => {
        for (let i = 0; i < 120; i++) await log(session, source, `a${i}`)
      })
      await log(db, source, 'b')
      await log(db, 'another', 'c')
      await transactionsOver(db)
      const found: string[] = []
      let cursor = FIRST_CURSOR
      for (;;) {
        const batch = await readChangeLog(db, names, cursor, 7)
        if (batch.changes.length === 0) {
          assert.equal(batch.cursor, cursor)
          break
        }
        found.push(...batch.changes.map(({ sourceId }) => sourceId))
        cursor = batch.cursor
        assert.ok(isCursor(cursor))
      }
      // Ids are numbers that are given as texts: 100 comes after 99.
      assert.deepEqual(found, [...Array.from({ length: 120 }, (_, i) => `a${i}`), 'b'])
    })

    it('gives the cursor of each change, from which the next one follows', async () => {
      const source = newSource()
      const names = namesOf('public', source)
      for (const id of ['a', 'b', 'c']) await log(db, source, id)
      await transactionsOver(db)
      const { changes, cursor } = await readChangeLog(db, names, FIRST_CURSOR, 10)
      assert.equal(changes.at(-1)!.cursor, cursor)
      const rest = await readChangeLog(db, names, changes[0]!.cursor, 10)
      assert.deepEqual(
        rest.changes.map(({ sourceId }) => sourceId),
        ['b', 'c'],
      )
      assert.deepEqual(Object.keys(changes[0]!), ['id', 'sourceId', 'runId', 'kind', 'changes', 'at', 'cursor'])
    })

    it('goes on over a restored dump, whose transactions this cluster has not had', async () => {
      const source = newSource()
      const names = namesOf('public', source)
      const restored = (id: string, ahead: number) =>
        db.query(
          `insert into car_changes (source, source_id, run_id, kind, tx)
           values ($1, $2, gen_random_uuid(), 'listed', ((pg_snapshot_xmax(pg_current_snapshot())::text)::bigint + $3::int)::text::xid8)`,
          [source, id, ahead],
        )
      // Of two transactions that ran side by side the later one gave the lower id.
      for (const [id, ahead] of [
        ['a', 9000],
        ['c', 9020],
        ['b', 9010],
      ] as const)
        await restored(id, ahead)
      const ids = async (since: string) =>
        (await readChangeLog(db, names, since, 10)).changes.map((each) => each.sourceId)
      const before = await Promise.all([closeForeignEra(db, names), closeForeignEra(db, names)]).then(() =>
        readChangeLog(db, names, FIRST_CURSOR, 2),
      )
      assert.deepEqual(
        before.changes.map(({ sourceId }) => sourceId),
        ['a', 'b'],
      )
      await log(db, source, 'new')
      await closeForeignEra(db, names)
      await log(db, source, 'newer')
      await transactionsOver(db)
      assert.deepEqual(await ids(before.cursor), ['c'])
      const end = await readChangeLog(db, names, before.cursor, 10)
      assert.deepEqual(await ids(end.cursor), ['new', 'newer'])
      const [eras] = await db.query('select count(*)::int as n from carsync.change_eras where source = $1', [source])
      assert.equal(eras!.n, 1)

      // Restored once more, into a cluster that is younger still.
      await restored('again', 5000)
      await closeForeignEra(db, names)
      await log(db, source, 'newest')
      await transactionsOver(db)
      const all: string[] = []
      for (let cursor = FIRST_CURSOR; ; ) {
        const batch = await readChangeLog(db, names, cursor, 1)
        if (batch.changes.length === 0) break
        all.push(batch.changes[0]!.sourceId)
        cursor = batch.cursor
      }
      assert.deepEqual(all, ['a', 'b', 'c', 'new', 'newer', 'again', 'newest'])
    })

    it('refuses a cursor of what this database has not had', async () => {
      const names = namesOf('public', newSource())
      await log(db, names.source, 'a')
      await assert.rejects(readChangeLog(db, names, '9223372036854775-5000000', 10), {
        exitCode: 2,
        message: /^The cursor 9223372036854775-5000000 is not of this database.*0-0/,
      })
    })

    it('knows a cursor from what is none', () => {
      for (const good of [FIRST_CURSOR, '7512-90211']) assert.ok(isCursor(good))
      for (const bad of ['', '7512', '-1-2', '1-2-3', "1-2'", '1-1e3', `1-${'9'.repeat(19)}`])
        assert.ok(!isCursor(bad), bad)
    })
  })

  if (kind === 'postgres')
    it('passes over nothing that commits late, whichever of two open transactions is first', async () => {
      for (const firstToCommit of ['early', 'late'] as const) {
        const source = newSource()
        const names = namesOf('public', source)
        const gates = { early: Promise.withResolvers<void>(), late: Promise.withResolvers<void>() }
        const begin = (name: 'early' | 'late') => {
          const written = Promise.withResolvers<void>()
          const done = db.transaction(async (session) => {
            await log(session, source, name)
            written.resolve()
            await gates[name].promise
          })
          return { written: written.promise, done }
        }
        const early = begin('early')
        await early.written
        const late = begin('late')
        await late.written
        const all = { early, late }
        const found: string[] = []
        let cursor = FIRST_CURSOR
        const read = async () => {
          const batch = await readChangeLog(db, names, cursor, 10)
          found.push(...batch.changes.map(({ sourceId }) => sourceId))
          cursor = batch.cursor
        }
        await read()
        gates[firstToCommit].resolve()
        await all[firstToCommit].done
        await read()
        const other = firstToCommit === 'early' ? 'late' : 'early'
        gates[other].resolve()
        await all[other].done
        await transactionsOver(db)
        await read()
        assert.deepEqual(found, ['early', 'late'], `${firstToCommit} first`)
      }
    })
}
