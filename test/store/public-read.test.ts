import assert from 'node:assert/strict'
import { after, describe, it } from 'node:test'
import { openDatabase, readMigrations } from '../../src/node.ts'
import { commitPages } from '../../src/store/commit-pages.ts'
import type { Database } from '../../src/store/database.ts'
import { migrate } from '../../src/store/migrate.ts'
import { applyPublicRead } from '../../src/store/public-read.ts'
import { newPostgresUrl } from '../support/databases.ts'
import { batchOf, begin, writeOf } from './fixture.ts'

const MIGRATIONS = readMigrations()

const open = async (databaseUrl: string | null): Promise<Database> => {
  const db = await openDatabase({ databaseUrl }, { embeddedFolder: null })
  after(() => db.close())
  return db
}

describe('the setting CARSYNC_PUBLIC_READ', () => {
  it('lets anon read cars that are there only while that is wanted, and nothing else ever', async () => {
    const url = new URL(await newPostgresUrl())
    const db = await open(url.href)
    // Roles belong to the cluster, which is the tests' own.
    await db.query(`do $$ begin create role anon login; exception when duplicate_object then null; end $$`)
    await migrate(db, 'public', MIGRATIONS)
    const begun = await begin(db)
    await commitPages(db, begun.context, batchOf(1, [writeOf('a'), writeOf('gone')]))
    await db.query(`update cars set removed_at = now() where source_id = 'gone'`)
    url.username = 'anon'
    const anon = await open(url.href)
    const ids = async () => (await anon.query('select source_id from cars')).map((row) => row.source_id)
    await assert.rejects(ids(), { code: '42501' })
    assert.equal(await applyPublicRead(db, 'public', true), 'given')
    assert.equal(await applyPublicRead(db, 'public', true), null)
    assert.deepEqual(await ids(), ['a'])
    await assert.rejects(anon.query(`update cars set price = 0`), { code: '42501' })
    for (const other of ['car_changes', 'sync_progress', 'carsync.runs'])
      await assert.rejects(anon.query(`select * from ${other}`), { code: '42501' })
    assert.equal(await applyPublicRead(db, 'public', false), 'taken back')
    assert.equal(await applyPublicRead(db, 'public', false), null)
    await assert.rejects(ids(), { code: '42501' })
    // What the owner gives is the owner's to take.
    await db.query('grant select on cars to anon')
    assert.equal(await applyPublicRead(db, 'public', false), null)
    assert.deepEqual(await ids(), ['a'])
  })

  it('lets anon read cars also where that role came after the tables, and opens no more than a policy of the owner', async () => {
    const url = new URL(await newPostgresUrl())
    const db = await open(url.href)
    await db.query(`do $$ begin create role anon login; exception when duplicate_object then null; end $$`)
    await migrate(db, 'public', MIGRATIONS)
    // As the first migration leaves it where there is no such role.
    await db.query('drop policy cars_public_read on cars')
    const begun = await begin(db)
    await commitPages(db, begun.context, batchOf(1, [writeOf('a'), writeOf('b')]))
    url.username = 'anon'
    const anon = await open(url.href)
    const ids = async () => (await anon.query('select source_id from cars order by 1')).map((row) => row.source_id)
    await applyPublicRead(db, 'public', true)
    assert.deepEqual(await ids(), ['a', 'b'])
    // As an earlier version left it.
    await db.query('drop policy cars_public_read on cars')
    await applyPublicRead(db, 'public', true)
    assert.deepEqual(await ids(), ['a', 'b'])
    await db.query('drop policy cars_public_read on cars')
    await db.query(`create policy own on cars for select to public using (source_id = 'a')`)
    await applyPublicRead(db, 'public', true)
    assert.deepEqual(await ids(), ['a'])
  })

  it('does without anon where there is no such role', async () => {
    const url = await newPostgresUrl()
    const db = await open(url)
    await migrate(db, 'public', MIGRATIONS)
    const without: Database = {
      ...db,
      query: (statement, params) => db.query(statement.replaceAll(`'anon'`, `'nobody_at_all'`), params),
    }
    await applyPublicRead(without, 'public', true)
  })
})
