/** Syncs through PgBouncer in transaction mode, as Supabase's pooler is: each transaction may go to another connection. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { startDemoApi } from '../demo/demo-api.ts'
import { openDatabase, readMigrations } from '../src/node.ts'
import { migrate } from '../src/store/migrate.ts'
import { newDatabase, newPostgresUrl } from './support/databases.ts'
import { HOW_TO_GET_IT, hasPgbouncer, startPgbouncer } from './support/pgbouncer.ts'
import { digestOfCars } from './support/stored.ts'
import { syncOnce } from './support/sync-once.ts'

const CARS = 2000

describe('through a pooler in transaction mode', { skip: hasPgbouncer ? false : HOW_TO_GET_IT }, () => {
  for (const [poolSize, ...more] of [
    [1],
    [4],
    // Statements reach it in pieces, connections to the server are short of life, and clients are turned away.
    [1, 'pkt_buf = 512', 'server_lifetime = 1', 'server_idle_timeout = 1'],
    [2, 'max_client_conn = 2', 'query_wait_timeout = 5'],
  ] as const)
    it(`(${poolSize} to the server${more.map((line) => `, ${line}`).join('')}) a sync is as it is without, again and with changes`, async (t) => {
      const [api, target] = await Promise.all([
        startDemoApi({ cars: CARS, seed: 4, clockAt: Date.UTC(2026, 8, 1) }),
        newPostgresUrl(),
      ])
      const pooler = await startPgbouncer(target, poolSize, more)
      const db = await openDatabase(
        { databaseUrl: `${pooler.url}?pgbouncer=true&connection_limit=1` },
        { embeddedFolder: null },
      )
      t.after(async () => {
        await db.close()
        await Promise.all([pooler.close(), api.close()])
      })
      await migrate(db, 'public', readMigrations())
      const first = await syncOnce({ db, url: api.url })
      assert.deepEqual([first.summary.status, first.summary.proof], ['complete', 'exact'], first.summary.reason)
      const touched = await api.change({ share: 0.1, seed: 9 })
      const second = await syncOnce({ db, url: api.url })
      assert.equal(second.summary.cars.updated, touched.length)
      const undisturbed = await newDatabase('postgres')
      await syncOnce({ db: undisturbed, url: api.url })
      assert.deepEqual(await digestOfCars(db), await digestOfCars(undisturbed))
    })

  it('look-ups side by side that a packet of the pooler cannot hold do not keep it waiting for ever', async (t) => {
    const pooler = await startPgbouncer(await newPostgresUrl(), 1)
    const db = await openDatabase({ databaseUrl: pooler.url }, { embeddedFolder: null })
    t.after(async () => {
      await db.close()
      await pooler.close()
    })
    const ask = async (nth: number): Promise<number> => {
      const text = 'x'.repeat(200 + ((nth * 2477) % 9000))
      const statement = 'select length($1::text) as n, $1::text as text'
      const [row] =
        nth % 5 < 3
          ? await db.lookUp(statement, [text])
          : await db.transaction((session) => session.query(statement, [text]))
      return row!.n - text.length
    }
    const five = [0, 1, 2, 3, 4].map(async (first) => {
      for (let nth = first; nth < 1500; nth += 5) assert.equal(await ask(nth), 0)
    })
    await Promise.all(five)
  })

  it('two processes know of each other by the lease alone', async (t) => {
    const [api, target] = await Promise.all([
      startDemoApi({ cars: 1500, latencyMs: 60, maxPageSize: 50 }),
      newPostgresUrl(),
    ])
    const pooler = await startPgbouncer(target, 4)
    const [one, two] = await Promise.all(
      [1, 2].map(() => openDatabase({ databaseUrl: pooler.url }, { embeddedFolder: null })),
    )
    t.after(async () => {
      await Promise.all([one!.close(), two!.close()])
      await Promise.all([pooler.close(), api.close()])
    })
    await migrate(one!, 'public', readMigrations())
    // One page after the other: it lasts several heartbeats, by which the second sees that the first lives.
    const options = { maxConcurrency: 1 }
    const both = await Promise.all([one!, two!].map((db) => syncOnce({ db, url: api.url, options })))
    assert.deepEqual(both.map(({ summary }) => summary.status).sort(), ['busy', 'complete'])
  })
})
