/** The one thing of the schema that depends on how the server was built: the Postgres that `npm ci` brings has no lz4. */
import assert from 'node:assert/strict'
import { after, describe, it } from 'node:test'
import { openDatabase, readMigrations } from '../../src/node.ts'
import { commitPages } from '../../src/store/commit-pages.ts'
import type { Database } from '../../src/store/database.ts'
import { migrate } from '../../src/store/migrate.ts'
import { databaseKinds, newDatabase } from '../support/databases.ts'
import { debianPostgres, HOW_TO_GET_IT } from '../support/debian-postgres.ts'
import { startPostgres } from '../support/postgres.ts'
import { batchOf, begin, writeOf } from './fixture.ts'

const settingsOf = async (db: Database): Promise<string[]> => {
  const rows = await db.query(
    `select attname || ' ' || attcompression::text as setting from pg_attribute
     where attrelid = 'cars'::regclass and attname in ('raw', 'images') order by 1`,
  )
  return rows.map((row) => row.setting)
}

const again = (db: Database): Promise<void> => {
  const { sql } = readMigrations().find(({ name }) => name === 'compression')!
  return db.transaction((session) => session.script(sql))
}

/** A record that is worth compressing. */
const wide = (id: string, word: string): Buffer => Buffer.from(JSON.stringify({ id, text: `${word} `.repeat(800) }))

describe('the compression of what is wide', { skip: debianPostgres === null && HOW_TO_GET_IT }, async () => {
  if (debianPostgres === null) return
  const pg = await startPostgres({ fsync: 'off' }, debianPostgres)
  const db = await openDatabase({ databaseUrl: pg.url }, { embeddedFolder: null })
  after(async () => {
    await db.close()
    await pg.close()
  })
  await migrate(db, 'public', readMigrations())

  it('is that of lz4, for cars that are new and for those that are written again', async () => {
    assert.deepEqual(await settingsOf(db), ['images l', 'raw l'])
    const begun = await begin(db)
    const methods = async (): Promise<string[]> => {
      const rows = await db.query('select pg_column_compression(raw) as by from cars where source = $1', [begun.source])
      return rows.map((row) => row.by)
    }
    await commitPages(db, begun.context, batchOf(1, [writeOf('a', {}, { record: wide('a', 'new') })]))
    assert.deepEqual(await methods(), ['lz4'])
    const changed = writeOf('a', { price: '1' }, { record: wide('a', 'newer'), isNew: false })
    const { pages } = await commitPages(db, begun.context, batchOf(2, [changed]))
    assert.equal(pages[0]!.updated, 1)
    assert.deepEqual(await methods(), ['lz4'])
  })

  it('stays what somebody has chosen', async () => {
    await db.query('alter table cars alter column raw set compression pglz')
    await again(db)
    assert.deepEqual(await settingsOf(db), ['images l', 'raw p'])
  })
})

for (const kind of databaseKinds)
  it(`is left alone on ${kind}, which cannot do better`, async () => {
    const db = await newDatabase(kind)
    await again(db)
    assert.deepEqual(await settingsOf(db), ['images ', 'raw '])
  })

it('is not done at all to records in the embedded database, which computes slowly and writes fast', async () => {
  const storageOf = async (db: Database): Promise<string> => {
    const [row] = await db.query(
      `select attstorage::text as storage from pg_attribute where attrelid = 'cars'::regclass and attname = 'raw'`,
    )
    return row!.storage
  }
  const [server, embedded] = [await newDatabase('postgres'), await newDatabase('embedded')]
  assert.deepEqual([await storageOf(server), await storageOf(embedded)], ['x', 'e'])
  const begun = await begin(embedded)
  await commitPages(embedded, begun.context, batchOf(1, [writeOf('a', {}, { record: wide('a', 'new') })]))
  const [row] = await embedded.query('select pg_column_size(raw) as bytes, raw ->> $1 as text from cars', ['text'])
  assert.equal(row!.text, 'new '.repeat(800))
  assert.ok(row!.bytes > 3200, `${row!.bytes} bytes are fewer than came`)
})
