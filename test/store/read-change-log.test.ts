import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { describe, it } from 'node:test'
import { namesOf, type Session } from '../../src/store/database.ts'
import { FIRST_CURSOR, isCursor, readChangeLog } from '../../src/store/read-change-log.ts'
import { databaseKinds, newDatabase } from '../support/databases.ts'
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
        for (let i = 0; i < 5; i++) await log(session, source, `a${i}`)
      })
      await log(db, source, 'b')
      await log(db, 'another', 'c')
      const found: string[] = []
      let cursor = FIRST_CURSOR
      for (;;) {
        const batch = await readChangeLog(db, names, cursor, 2)
        if (batch.changes.length === 0) {
          assert.equal(batch.cursor, cursor)
          break
        }
        found.push(...batch.changes.map(({ sourceId }) => sourceId))
        cursor = batch.cursor
        assert.ok(isCursor(cursor))
      }
      assert.deepEqual(found, ['a0', 'a1', 'a2', 'a3', 'a4', 'b'])
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
        await read()
        assert.deepEqual(found, ['early', 'late'], `${firstToCommit} first`)
      }
    })
}
