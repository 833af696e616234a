import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { openPostgres } from '../../../src/store/connection/postgres.ts'
import {
  adviceFor,
  isBadData,
  isDuplicate,
  isPassing,
  isStatementTimeout,
} from '../../../src/store/connection/retryable.ts'
import { newDatabase, newPostgresUrl } from '../../support/databases.ts'
import { databaseError } from '../fixture.ts'

const all = (codes: readonly string[], is: (error: unknown) => boolean): boolean[] =>
  codes.map((code) => is(databaseError(code)))

describe('isPassing', () => {
  it('is true of what goes by itself: connections, conflicts, restarts, too many clients', () => {
    const passing = [
      '08006',
      '08003',
      '40001',
      '40P01',
      '53200',
      '53300',
      '55P03',
      '57P01',
      '57P03',
      '25P03',
      'ECONNRESET',
      'CONNECTION_CLOSED',
    ]
    assert.deepEqual(
      all(passing, isPassing),
      passing.map(() => true),
    )
  })

  it('is false of what stays as it is', () => {
    const lasting = ['23505', '22P02', '42501', '28P01', '3D000', '53100', '57014', '40002', 'ENOTFOUND', '', 'X08006']
    assert.deepEqual(
      all(lasting, isPassing),
      lasting.map(() => false),
    )
    assert.equal(isPassing(new Error('08006')), false)
    assert.equal(isPassing(null), false)
  })
})

describe('what poolers say', () => {
  // As PgBouncer 1.18 and Supavisor say it.
  const table = [
    ['08P01', 'password authentication failed', false, /refused the password/],
    ['08P01', 'bouncer config error', false, /pooler knows no database of that name/],
    ['08P01', 'no such database: cars', false, /does not exist/],
    ['08P01', 'database "no_such" does not exist', false, /does not exist/],
    ['08P01', 'no such user', false, /refused this user/],
    ['XX000', 'Tenant or user not found', false, /postgres\.PROJECT/],
    ['08P01', 'no more connections allowed (max_client_conn)', true, /pooler has no connection to spare/],
    [
      'XX000',
      'MaxClientsInSessionMode: max clients reached - in Session mode max clients are limited to pool_size',
      true,
      /transaction mode/,
    ],
    ['XX000', 'Max client connections reached', true, /pooler has no connection to spare/],
    ['08P01', 'query_wait_timeout', true, /look whether the database is up/],
    ['08P01', 'server conn crashed?', true, null],
    // The same words of a server itself, or no words of a pooler.
    ['22023', 'no such database', false, null],
    ['XX000', 'cache lookup failed for relation 1', false, null],
  ] as const

  for (const [code, message, passes, advice] of table)
    it(`${code} ${message}`, () => {
      const error = databaseError(code, message)
      assert.equal(isPassing(error), passes)
      if (advice === null) assert.equal(adviceFor(error), null)
      else assert.match(adviceFor(error) ?? '', advice)
    })
})

describe('what kind of error it is', async () => {
  const db = await newDatabase('postgres')

  it('is told of real errors of Postgres', async () => {
    const thrown = (statement: string): Promise<unknown> =>
      db.query(statement).then(
        () => assert.fail('nothing was thrown'),
        (error: unknown) => error,
      )
    await db.query('create table t (n int primary key check (n < 10))')
    await db.query('insert into t values (1)')
    assert.equal(isDuplicate(await thrown('insert into t values (1)')), true)
    for (const bad of [
      `select 'x'::int`,
      `select '{'::jsonb`,
      'insert into t values (11)',
      'select 1/0',
      `select '99999999999'::int`,
    ])
      assert.equal(isBadData(await thrown(bad)), true, bad)
    assert.equal(isBadData(await thrown('select * from nowhere')), false)
    const slow = db.transaction(async (session) => {
      await session.query(`select set_config('statement_timeout', '20', true)`)
      await session.query('select pg_sleep(5)')
    })
    await assert.rejects(slow, (error) => isStatementTimeout(error) && !isPassing(error))
  })

  it('comes with advice where a person can do something', async () => {
    const missing = new URL(await newPostgresUrl())
    missing.pathname = '/no_such_database'
    const nowhere = openPostgres(missing.href)
    await assert.rejects(nowhere.query('select 1'), (error) => /does not exist/.test(adviceFor(error) ?? ''))
    await nowhere.close()
    const silent = openPostgres('postgres://x@127.0.0.1:1/x')
    await assert.rejects(silent.query('select 1'), (error) => /Nothing listens there/.test(adviceFor(error) ?? ''))
    await silent.close()
    assert.equal(adviceFor(new Error('odd')), null)
  })
})
