/** The schedule on a Postgres that has the extensions: real pg_cron, PgBouncer in between, pgTAP. pg_net is a stand-in. */
import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { after, describe, it } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import postgres from 'postgres'
import { migrate, resolveOptions } from '../../src/node.ts'
import { debianPostgres, HOW_TO_GET_IT } from '../support/debian-postgres.ts'
import { edgeScene } from '../support/edge/edge-scene.ts'
import { pumpPgNet } from '../support/edge/pg-net.ts'
import { hasPgbouncer, startPgbouncer } from '../support/pgbouncer.ts'
import { startPostgres, type TestPostgres } from '../support/postgres.ts'

const SKIP = debianPostgres === null ? { skip: HOW_TO_GET_IT } : {}
const TESTS = new URL('../../supabase/tests/database/', import.meta.url)
const PUMP_MS = 200

let pg: TestPostgres | null = null
if (debianPostgres !== null)
  pg = await startPostgres(
    {
      fsync: 'off',
      shared_preload_libraries: "'pg_cron'",
      'cron.database_name': "'postgres'",
      'cron.use_background_workers': 'on',
    },
    debianPostgres,
  )
after(() => pg?.close())

const asOwner = async <T>(work: (sql: postgres.Sql) => Promise<T>, database = 'postgres'): Promise<T> => {
  const url = new URL(pg!.url)
  url.pathname = `/${database}`
  const sql = postgres(url.href, { max: 1, onnotice: () => {} })
  try {
    return await work(sql)
  } finally {
    await sql.end()
  }
}

describe('pgTAP', { ...SKIP, concurrency: false }, () => {
  for (const file of readdirSync(TESTS))
    it(file, async () => {
      const database = `tap_${file.replace(/\W/g, '_')}`
      await asOwner(async (sql) => {
        for (const role of ['anon', 'authenticated', 'service_role'])
          await sql.unsafe(
            `do $$ begin if not exists (select from pg_roles where rolname = '${role}') then create role ${role} nologin; end if; end $$`,
          )
        await sql.unsafe(`create database ${database}`)
        // As in a project that grants everything by itself, which the migrations must undo.
        await asOwner(
          (inside) =>
            inside.unsafe(
              `alter default privileges grant all on tables to anon, authenticated, service_role;
               alter default privileges grant all on functions to anon, authenticated, service_role;
               alter default privileges grant all on sequences to anon, authenticated, service_role;
               grant usage on schema public to anon, authenticated, service_role`,
            ),
          database,
        )
      })
      const url = new URL(pg!.url)
      url.pathname = `/${database}`
      await migrate(resolveOptions({}, { DATABASE_URL: url.href }), { embeddedFolder: null })
      const results = await asOwner((sql) => sql.unsafe(readFileSync(new URL(file, TESTS), 'utf8')).simple(), database)
      const lines = (results as unknown as Record<string, unknown>[][])
        .flat()
        .flatMap((row) => Object.values(row))
        .map(String)
      const oks = lines.filter((line) => line.startsWith('ok '))
      const plan = lines.map((line) => /^1\.\.(\d+)$/.exec(line)).find((match) => match !== null)
      assert.deepEqual(
        lines.filter((line) => /^not ok|^# /m.test(line)),
        [],
      )
      assert.equal(oks.length, Number(plan?.[1]))
    })
})

describe('cron', SKIP, () => {
  it('begins the first sweep by itself, and calls nobody when nothing is due', async (t) => {
    const direct = pg!.url
    const pooler = hasPgbouncer ? await startPgbouncer(direct, 4) : null
    const scene = await edgeScene({
      demo: { cars: 1500, maxPageSize: 500 },
      databaseUrl: direct,
      ...(pooler ? { env: { DATABASE_URL: pooler.url } } : {}),
    })
    t.after(async () => {
      await scene.close()
      await pooler?.close()
    })
    const [{ said } = { said: '' }] = await scene.db.query('select carsync.schedule() as said')
    assert.match(said, /^looks every (minute|15 seconds); incremental every 15 minutes, full every 24 hours$/)
    t.diagnostic(said)
    const jobs = await scene.db.query('select jobname, schedule from cron.job order by jobname')
    assert.deepEqual(
      jobs.map((job) => job.jobname),
      ['cars-sync', 'cars-sync-prune'],
    )

    const answers: number[] = []
    while (scene.edge.begunAt.length === 0) {
      answers.push(...(await pumpPgNet(scene.db)))
      await sleep(PUMP_MS)
    }
    assert.deepEqual(answers, [202], 'one call, and a run has begun')
    const report = await scene.settled(Number.POSITIVE_INFINITY)
    assert.deepEqual([report.status, report.proof, report.cars.seen], ['complete', 'exact', 1500])
    assert.equal(await scene.cron(), 'nothing is due')
    const [queue] = await scene.db.query('select count(*)::int as calls from net.stand_in_queue')
    assert.equal(queue!.calls, 0)
    const failed = await scene.db.query(`select return_message from cron.job_run_details where status = 'failed'`)
    assert.deepEqual(failed, [])

    assert.equal((await scene.db.query('select carsync.unschedule() as said'))[0]!.said, 'unscheduled')
    assert.deepEqual(await scene.db.query('select jobname from cron.job'), [])
    assert.equal((await scene.db.query('select carsync.unschedule() as said'))[0]!.said, 'nothing was scheduled')
  })
})
