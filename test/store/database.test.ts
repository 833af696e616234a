import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { codeOf, namesOf, storable, textArray } from '../../src/store/database.ts'
import { anyCharacter } from '../support/any-character.ts'
import { databaseKinds, newDatabase } from '../support/databases.ts'

const hostile = fc.constantFrom(
  ...['', ' ', 'null', 'NULL', 'Null', 'nullify', '{', '}', '{}', ',', ',,', '"', '""', '\\', '\\\\', '\\"', "'", "''"],
  ...["'); drop table cars; --", '$1', '\n', '\t', '\r\n', ' lead', 'trail ', 'ü', '🚗', '\u2028', 'a,b', 'NaN', '1e5'],
)
const text = fc.string({ unit: anyCharacter, maxLength: 20 }).map((given) => given.replaceAll('\0', ''))
const ids = fc.array(fc.oneof(hostile, text), { maxLength: 15 })

for (const kind of databaseKinds) {
  const db = await newDatabase(kind)

  describe(`textArray on ${kind}`, () => {
    it('arrives item by item as it was, whatever the texts are', async () => {
      await fc.assert(
        fc.asyncProperty(ids, async (items) => {
          const [row] = await db.query(
            `select coalesce((select jsonb_agg(item order by n) from unnest($1::text::text[]) with ordinality as u(item, n)), '[]')::text as items`,
            [textArray(items)],
          )
          assert.deepEqual(JSON.parse(row!.items), items)
        }),
        { numRuns: 60 },
      )
    })
  })

  describe(`a transaction on ${kind}`, () => {
    it('is rolled back when its work rejects, and commits when it resolves', async () => {
      await db.query('create table kept (n int)')
      const failing = db.transaction(async (session) => {
        await session.query('insert into kept values (1)')
        throw new Error('enough')
      })
      await assert.rejects(failing, /enough/)
      const answer = await db.transaction(async (session) => {
        await session.query('insert into kept values ($1)', [2])
        return 'done'
      })
      assert.equal(answer, 'done')
      assert.deepEqual(await db.query('select n from kept'), [{ n: 2 }])
    })

    it('goes on after an attempt that failed, without what that did, and with what it did itself', async () => {
      await db.query('create table tried (n int primary key)')
      await db.transaction(async (session) => {
        await session.query('insert into tried values (1)')
        const failing = session.attempt(async (inner) => {
          await inner.query('insert into tried values (2)')
          await inner.attempt((innermost) => innermost.query('insert into tried values (3)'))
          await inner.query('insert into tried values (1)')
        })
        await assert.rejects(failing, { code: '23505' })
        assert.equal(await session.attempt(async () => 'fine'), 'fine')
        await session.attempt((inner) => inner.query('insert into tried values (4)'))
      })
      const rows = await db.query('select n from tried order by 1')
      assert.deepEqual(
        rows.map(({ n }) => n),
        [1, 4],
      )
    })

    it('runs scripts of several statements', async () => {
      await db.transaction((session) =>
        session.script('create table scripted (n int); insert into scripted values (1), (2)'),
      )
      assert.deepEqual(await db.query('select count(*)::int as n from scripted'), [{ n: 2 }])
    })
  })

  describe(`namesOf on ${kind}`, () => {
    it('quotes a schema however it is spelled', async () => {
      const schema = 'Odd "one"; --'
      await db.query('create schema "Odd ""one""; --"')
      const { cars } = namesOf(schema, 'x')
      await db.query(`create table ${cars} (n int)`)
      assert.deepEqual(await db.query('select schemaname from pg_tables where schemaname = $1', [schema]), [
        { schemaname: schema },
      ])
    })
  })
}

describe('storable', () => {
  it('replaces just what Postgres cannot hold', () => {
    assert.equal(storable('a\0b\ud800c\udc00\ud83d\ude97ü'), 'a\ufffdb\ufffdc\ufffd🚗ü')
  })
})

describe('codeOf', () => {
  it('is the code that the driver gave, or nothing', () => {
    assert.equal(codeOf(Object.assign(new Error(), { code: '23505' })), '23505')
    for (const odd of [null, undefined, 'text', new Error('none'), { code: 42 }]) assert.equal(codeOf(odd), '')
  })
})
