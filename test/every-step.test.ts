/**
 * A process that dies at every step it takes in the database, before and after the step took effect: the next one goes
 * on, and the end is that of an undisturbed run.
 */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { hash } from '../demo/random.ts'
import type { Summary } from '../src/mod.ts'
import { realWorld } from '../src/node.ts'
import type { Plan } from '../src/run/plan.ts'
import type { Database } from '../src/store/database.ts'
import type { World } from '../src/world.ts'
import { silence } from './store/fixture.ts'
import { databaseKinds, newDatabase } from './support/databases.ts'
import { type Death, dyingDatabase } from './support/dying-database.ts'
import { syncOnce } from './support/sync-once.ts'
import { pageKey, type WatchedSource, watchedSource } from './support/watched-source.ts'

const CARS = 60
const PAGE = 10
const LEASE_SECONDS = 60
/** Every seventh step does, and every fourteenth where each takes longer, from a step that is drawn; `CRASH_STRIDE=1` tries all. */
const STRIDE = {
  postgres: Number(process.env.CRASH_STRIDE ?? 7),
  embedded: Number(process.env.CRASH_STRIDE ?? 14),
} as const
const SEED = Number(process.env.CRASH_SEED ?? Math.floor(Math.random() * 2 ** 31))

type Kept = { cars: string; rejects: string; changes: number }

/** What is kept of a source, without what tells sources, runs and instants apart. */
const keptOf = async (db: Database, source: string): Promise<Kept> => {
  const [cars] = await db.query(
    `select md5(string_agg(line, e'\\n' order by source_id)) as digest, count(*)::int as n
     from (select source_id, (to_jsonb(c) - 'source' - 'first_seen_at' - 'changed_at' - 'read_at')::text as line
           from cars c where source = $1) as lines`,
    [source],
  )
  const rejects = await db.query(
    `select segment, page_size, page, position, source_id, reason, path, payload from carsync.rejects
     where source = $1 and resolved_at is null order by segment, page_size, page, position`,
    [source],
  )
  const [changes] = await db.query('select count(*)::int as n from car_changes where source = $1', [source])
  return { cars: `${cars!.n} ${cars!.digest}`, rejects: JSON.stringify(rejects), changes: changes!.n }
}

const committedPages = async (db: Database, source: string): Promise<string[]> => {
  const [run] = await db.query(
    'select run_id::text, plan::text from carsync.runs where source = $1 order by started_at desc limit 1',
    [source],
  )
  if (!run?.plan) return []
  const { segments } = JSON.parse(run.plan) as Plan
  const pages = await db.query(
    `select segment, page_size, page from carsync.pages where run_id = $1::text::uuid and segment <> 'changes'`,
    [run.run_id],
  )
  return pages.map((row) => pageKey(segments.find(({ name }) => name === row.segment)!.filter, row.page_size, row.page))
}

/** The world of a process that can die: then nothing reaches it, and nothing leaves it. */
const mortalWorld = (isDead: () => boolean): World => {
  const never = new Promise<never>(() => {})
  const alive = async <T>(work: Promise<T>): Promise<T> => {
    const answer = await work
    return isDead() ? never : answer
  }
  return {
    ...realWorld,
    // Hearts beat often, so that they too are met by death.
    sleep: (ms, signal) => (isDead() ? never : alive(realWorld.sleep(ms / 20, signal))),
    fetch: (input, init) => (isDead() ? never : alive(realWorld.fetch(input, init))),
  }
}

/** Syncs `source`, in a process that dies by `death` or comes to its end. Answers the summary, or null for a death. */
const live = async (
  api: WatchedSource,
  source: string,
  death: Death,
): Promise<{ pages: string[]; end: Summary | null }> => {
  const pages: string[] = []
  api.watch({
    asked: (what) => {
      if (what.kind === 'page') pages.push(what.key)
    },
    answered: () => {},
  })
  const options = { source, leaseSeconds: LEASE_SECONDS, maxConcurrency: 2 }
  const life = syncOnce({ db: death.db, url: api.url, options, world: mortalWorld(death.isDead) })
  const end = await Promise.race([life.then(({ summary }) => summary), death.dead.then(() => null)])
  return { pages, end }
}

for (const kind of databaseKinds)
  describe(`dying at every step on ${kind}`, async () => {
    const db = await newDatabase(kind)
    const open = () => watchedSource({ cars: CARS, maxPageSize: PAGE, dirty: 0.1, clockAt: Date.UTC(2026, 8, 1) })

    for (const when of ['before', 'after'] as const)
      it(`${when} it took effect`, async (t) => {
        let deaths = 0
        let again = 0
        let wanted: Kept | null = null
        const first = 1 + (hash(SEED, when === 'before' ? 0 : 1) % STRIDE[kind])
        for (let at = 0; ; at += at === 0 ? first : STRIDE[kind]) {
          // An address of its own for each, so that none knows the pace and page size of another.
          const api = await open()
          const source = `${when}_${at}`
          const death = dyingDatabase(db, at, when)
          const cut = await live(api, source, death)
          const where = `step ${at}, ${when} it took effect (CRASH_SEED=${SEED})`
          if (at === 0) wanted = await keptOf(db, source)
          if (cut.end !== null) {
            assert.equal(cut.end.status, 'complete', where)
            await api.close()
            if (at === 0) continue
            break
          }
          deaths++
          const committed = await committedPages(db, source)
          const [before] = await db.query('select status from carsync.runs where source = $1', [source])
          await silence(db, source, LEASE_SECONDS * 1000 + 1)
          const second = await live(api, source, dyingDatabase(db, 0, when))
          await api.close()
          assert.equal(second.end?.status, 'complete', `${where}: ${second.end?.reason}`)
          assert.deepEqual(await keptOf(db, source), wanted, where)
          const runs = await db.query('select status from carsync.runs where source = $1', [source])
          if (before?.status === 'complete') continue
          assert.deepEqual(runs, [{ status: 'complete' }], where)
          const held = new Set(committed)
          assert.deepEqual(
            second.pages.filter((page) => held.has(page)),
            [],
            `${where}: committed, yet asked for again`,
          )
          again += second.pages.filter((page) => cut.pages.includes(page)).length
        }
        assert.ok(deaths * STRIDE[kind] > 50, `${deaths} deaths`)
        t.diagnostic(`seed ${SEED}: ${deaths} deaths, ${again} pages that were under way fetched again`)
      })
  })
