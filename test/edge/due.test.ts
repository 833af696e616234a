/** The rules by which a run is due, as the schema has them. */
import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { describe, it } from 'node:test'
import { openDatabase, readMigrations } from '../../src/node.ts'
import type { Database } from '../../src/store/database.ts'
import { namesOf } from '../../src/store/database.ts'
import { readDue } from '../../src/store/due.ts'
import { releaseLease, takeLease } from '../../src/store/lease.ts'
import { beginOrder, isStopped, placeOrder, settleOrder, stopOrders } from '../../src/store/orders.ts'
import { newSource } from '../store/fixture.ts'
import { databaseKinds, newDatabase, newPostgresUrl } from '../support/databases.ts'
import { installPgNet } from '../support/edge/pg-net.ts'

type Past = { mode?: 'full' | 'incremental'; status: string; startedAgo: string; endedAgo?: string | null }

const addRun = (db: Database, source: string, { mode = 'full', status, startedAgo, endedAgo = startedAgo }: Past) =>
  db.query(
    `insert into carsync.runs (run_id, source, mode, status, log_listed, started_at, last_commit_at, finished_at)
     values ($1::text::uuid, $2, $3, $4, false, now() - $5::text::interval, now() - $5::text::interval, now() - $6::text::interval)`,
    [randomUUID(), source, mode, status, startedAgo, endedAgo],
  )

const set = (db: Database, name: string, value: string) =>
  db.query(
    'insert into carsync.settings (name, value) values ($1, $2) on conflict (name) do update set value = excluded.value',
    [name, value],
  )

for (const kind of databaseKinds) {
  const db = await newDatabase(kind)
  const dueOf = async (source: string) => {
    const due = await readDue(db, namesOf('public', source))
    return due && `${due.mode} ${due.reason}`
  }

  describe(`what is due, on ${kind}`, () => {
    it('is a full sweep where there was none', async () => {
      assert.equal(await dueOf(newSource()), 'full full')
    })

    const cases: { name: string; runs: Past[]; due: string | null }[] = [
      { name: 'nothing shortly after a full sweep', runs: [{ status: 'complete', startedAgo: '10 min' }], due: null },
      {
        name: 'an incremental run once the last run began a quarter of an hour ago',
        runs: [{ status: 'complete', startedAgo: '16 min' }],
        due: 'incremental incremental',
      },
      {
        name: 'nothing shortly after an incremental run',
        runs: [
          { status: 'complete', startedAgo: '3 hours' },
          { mode: 'incremental', status: 'complete', startedAgo: '14 min' },
        ],
        due: null,
      },
      {
        name: 'a full sweep once the last began a day ago, whatever came since',
        runs: [
          { status: 'complete', startedAgo: '25 hours' },
          { mode: 'incremental', status: 'complete', startedAgo: '1 min' },
        ],
        due: 'full full',
      },
      {
        name: 'the run that a killed process or a full slice has left',
        runs: [
          { status: 'complete', startedAgo: '1 hour' },
          { mode: 'incremental', status: 'running', startedAgo: '1 min', endedAgo: null },
        ],
        due: 'incremental unfinished',
      },
      {
        name: 'nothing right after a run that failed',
        runs: [{ status: 'failed', startedAgo: '5 min', endedAgo: '4 min' }],
        due: null,
      },
      {
        name: 'a run that failed or was not completed, a while later',
        runs: [{ status: 'incomplete', startedAgo: '50 min', endedAgo: '16 min' }],
        due: 'full unfinished',
      },
      {
        name: 'a full sweep a day after the last, though changes cannot be read',
        runs: [
          { status: 'complete', startedAgo: '25 hours' },
          { mode: 'incremental', status: 'failed', startedAgo: '20 min', endedAgo: '16 min' },
        ],
        due: 'full full',
      },
      {
        name: 'nothing right after changes could not be read, though a full sweep is due',
        runs: [
          { status: 'complete', startedAgo: '25 hours' },
          { mode: 'incremental', status: 'failed', startedAgo: '5 min' },
        ],
        due: null,
      },
      {
        name: 'the full sweep that was left open, though changes have been read since',
        runs: [
          { status: 'complete', startedAgo: '3 hours' },
          { status: 'running', startedAgo: '10 min', endedAgo: null },
          { mode: 'incremental', status: 'complete', startedAgo: '1 min' },
        ],
        due: 'full unfinished',
      },
      {
        name: 'no full sweep that was left open so long ago that nobody takes it up',
        runs: [
          { status: 'complete', startedAgo: '9 hours' },
          { status: 'running', startedAgo: '8 hours', endedAgo: null },
          { mode: 'incremental', status: 'complete', startedAgo: '1 min' },
        ],
        due: null,
      },
    ]
    for (const { name, runs, due } of cases)
      it(`is ${name}`, async () => {
        const source = newSource()
        for (const run of runs) await addRun(db, source, run)
        assert.equal(await dueOf(source), due)
      })

    it('is what was ordered, until its run is planned', async () => {
      const source = newSource()
      const names = namesOf('public', source)
      await addRun(db, source, { status: 'complete', startedAgo: '1 min' })
      const order = { mode: 'full', fresh: true, priority: ['Škoda', 'Mercedes-Benz'] } as const
      await placeOrder(db, names, order)
      assert.deepEqual(await readDue(db, names), { ...order, priority: [...order.priority], reason: 'ordered' })
      await settleOrder(db, names, { ...order, priority: null })
      assert.equal(await dueOf(source), 'full ordered', 'another order is not settled by this one')
      await beginOrder(db, names, { ...order, fresh: false })
      assert.equal((await readDue(db, names))!.fresh, true, 'nor begun')
      await beginOrder(db, names, order)
      const begun = { ...order, fresh: false }
      assert.deepEqual(await readDue(db, names), { ...begun, priority: [...order.priority], reason: 'ordered' })
      await settleOrder(db, names, begun)
      assert.equal(await dueOf(source), null)
    })

    it('is the full sweep that was left open before the changes that were ordered meanwhile', async () => {
      const source = newSource()
      const names = namesOf('public', source)
      await addRun(db, source, { status: 'complete', startedAgo: '3 hours' })
      await addRun(db, source, { status: 'running', startedAgo: '1 min', endedAgo: null })
      await placeOrder(db, names, { mode: 'incremental', fresh: false, priority: null })
      assert.equal(await dueOf(source), 'full unfinished')
      await db.query(`update carsync.runs set status = 'complete' where source = $1`, [source])
      assert.equal(await dueOf(source), 'incremental ordered')
      await db.query(`update carsync.runs set status = 'running' where source = $1`, [source])
      await placeOrder(db, names, { mode: 'full', fresh: false, priority: null })
      assert.equal(await dueOf(source), 'full ordered')
    })

    it('is nothing once runs were stopped, until the next order', async () => {
      const source = newSource()
      const names = namesOf('public', source)
      await addRun(db, source, { status: 'incomplete', startedAgo: '1 hour' })
      await placeOrder(db, names, { mode: 'incremental', fresh: false, priority: null })
      await stopOrders(db, names)
      assert.equal(await dueOf(source), null)
      assert.equal(await isStopped(db, names), true)
      await placeOrder(db, names, { mode: 'full', fresh: false, priority: null })
      assert.equal(await isStopped(db, names), false)
      assert.equal(await dueOf(source), 'full ordered')
    })

    it('is the end of a run that was left open, once runs were stopped', async () => {
      const source = newSource()
      const names = namesOf('public', source)
      await addRun(db, source, { status: 'running', startedAgo: '1 min', endedAgo: null })
      await stopOrders(db, names)
      assert.equal(await dueOf(source), 'full stopped')
      await db.query(`update carsync.runs set last_commit_at = now() - interval '7 hours' where source = $1`, [source])
      assert.equal(await dueOf(source), null, 'one that nobody takes up again cannot be ended either')
    })

    it('tells a lease that is held from one that has expired', async () => {
      const source = newSource()
      const isFree = async () => (await db.query('select carsync.lease_free($1) as free', [source]))[0]!.free
      assert.equal(await isFree(), true)
      const answer = await takeLease(db, source, 'somebody', 30_000)
      assert.equal(await isFree(), false)
      await db.query(`update carsync.heartbeat set at = now() - interval '31 seconds' where source = $1`, [source])
      assert.equal(await isFree(), true)
      assert.ok(answer.kind === 'taken')
      await releaseLease(db, answer.lease)
      assert.equal(await isFree(), true)
    })
  })

  describe(`the settings of the schedule, on ${kind}`, () => {
    it('change what is due, and never is never', async () => {
      const source = newSource()
      await addRun(db, source, { status: 'complete', startedAgo: '90 min' })
      try {
        await set(db, 'incremental_every', '2 hours')
        assert.equal(await dueOf(source), null)
        await set(db, 'full_every', '1 hour')
        assert.equal(await dueOf(source), 'full full')
        await set(db, 'full_every', 'never')
        await set(db, 'incremental_every', 'never')
        assert.equal(await dueOf(source), null)
        assert.equal(await dueOf(newSource()), null)
      } finally {
        await db.query(`delete from carsync.settings where name like '%_every'`)
      }
    })

    it('are taken by schedule, which says what it could not do', async () => {
      const [first] = await db.query(
        `select carsync.schedule('https://x.supabase.co/functions/v1/cars-sync', 'secret', '30 minutes') as said`,
      )
      assert.match(first!.said, /pg_cron is not installed/)
      const rows = await db.query('select name, value from carsync.settings order by name')
      assert.deepEqual(Object.fromEntries(rows.map(({ name, value }) => [name, value])), {
        cars_sync_secret: 'secret',
        cars_sync_url: 'https://x.supabase.co/functions/v1/cars-sync',
        incremental_every: '30 minutes',
      })
      await assert.rejects(db.query(`select carsync.schedule(incremental_every => '5 seconds')`), /at least a minute/)
      await assert.rejects(db.query(`select carsync.schedule('ftp://x')`), /must be an address/)
      await db.query('delete from carsync.settings')
    })

    it('are kept in the Vault where that is there', async () => {
      // As Supabase's extension looks from outside.
      await db.transaction((session) =>
        session.script(`
          create schema vault;
          create table vault.secrets (id uuid primary key default gen_random_uuid(), name text unique, secret text);
          create view vault.decrypted_secrets as select id, name, secret as decrypted_secret from vault.secrets;
          create function vault.create_secret(new_secret text, new_name text, new_description text) returns uuid
            language sql as $$ insert into vault.secrets (name, secret) values (new_name, new_secret) returning id $$;
          create function vault.update_secret(secret_id uuid, new_secret text) returns void
            language sql as $$ update vault.secrets set secret = new_secret where id = secret_id $$`),
      )
      for (const secret of ['first', 'second']) {
        await db.query('select carsync.schedule($1, $2)', ['https://x.supabase.co/f', secret])
        const [row] = await db.query(
          `select carsync.secret('cars_sync_secret') as secret, carsync.secret('cars_sync_url') as url`,
        )
        assert.deepEqual(row, { secret, url: 'https://x.supabase.co/f' })
      }
      assert.deepEqual(await db.query('select name from carsync.settings'), [], 'nothing beside the Vault')
      await db.query('drop schema vault cascade')
    })

    it('without them tick says what is missing', async () => {
      const tick = async () => (await db.query('select carsync.tick() as said'))[0]!.said
      assert.match(await tick(), /no address of the function/)
      await db.query(`select carsync.schedule('https://x.supabase.co/functions/v1/cars-sync', 'secret')`)
      assert.match(await tick(), /pg_net is not installed/)
      await addRun(db, 'auctionsapi', { status: 'complete', startedAgo: '1 min' })
      assert.equal(await tick(), 'nothing is due')
    })
  })
}

describe('a function that refuses to be called', () => {
  for (const kind of databaseKinds)
    it(`is called less and less often, but at least every five minutes, and again at once when it has answered (${kind})`, async () => {
      const db = await newDatabase(kind)
      await installPgNet(db)
      await db.query(`select carsync.schedule('https://x.supabase.co/functions/v1/cars-sync', 'secret')`)
      const tick = async (): Promise<string> => (await db.query('select carsync.tick() as said'))[0]!.said
      const calls = async () =>
        (await db.query('select id::int from net.stand_in_queue order by id')).map(({ id }) => id)
      /** To the last call; null: not in time. */
      const answer = async (status: number | null) =>
        db.query('insert into net._http_response (id, status_code) values ($1::bigint, $2::int)', [
          (await calls()).at(-1),
          status,
        ])
      const pass = (seconds: number) =>
        db.query(`update carsync.cron_call set called_at = called_at - $1::int * interval '1 second'`, [seconds])

      for (let refused = 0; refused < 3; refused++) {
        assert.match(await tick(), /^asked for a full run/)
        await answer(503)
      }
      for (const [seconds, refused] of [
        [30, 3],
        [60, 4],
        [120, 5],
        [240, 6],
        [300, 7],
        [300, 8],
      ] as const) {
        const before = await calls()
        await pass(seconds - 10)
        assert.match(
          await tick(),
          new RegExp(`^the function has refused ${refused} calls in a row, the last with \\d+: not`),
        )
        assert.deepEqual(await calls(), before)
        await pass(10)
        assert.match(await tick(), /^asked for/)
        await answer(401)
      }
      await pass(300)
      assert.match(await tick(), /^asked for/)
      await answer(202)
      for (const status of [404, 404, null, 202]) {
        assert.match(await tick(), /^asked for/)
        await answer(status)
      }
      assert.match(await tick(), /^asked for/)
      assert.match(await tick(), /^asked for/, 'not answered yet')
    })
})

describe('Realtime', () => {
  it('hears of the progress, and never of the listings', async () => {
    const url = await newPostgresUrl()
    const db = await openDatabase({ databaseUrl: url }, { embeddedFolder: null })
    try {
      await db.query('create publication supabase_realtime')
      for (let time = 0; time < 2; time++)
        await db.transaction((s) =>
          s.script(
            readMigrations()
              .map(({ sql }) => sql)
              .join(';\n'),
          ),
        )
      const published = await db.query(
        `select schemaname || '.' || tablename as name from pg_publication_tables where pubname = 'supabase_realtime'`,
      )
      assert.deepEqual(published, [{ name: 'public.sync_progress' }])
    } finally {
      await db.close()
    }
  })
})
