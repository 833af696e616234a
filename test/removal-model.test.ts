/**
 * Runs in any order over a source that moves and lies, stopped and killed at any request, with decisions of a person in
 * between: no car is ever marked removed without the proof that is asked for, and none that is there is forgotten.
 */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import type { Decision } from '../src/decision/decide-removals.ts'
import { decideRemovals, realWorld, storeOver } from '../src/node.ts'
import type { Database } from '../src/store/database.ts'
import type { World } from '../src/world.ts'
import { silence } from './store/fixture.ts'
import { newDatabase } from './support/databases.ts'
import { fastWorld } from './support/fast-world.ts'
import { HONEST, type Lies, type Said, smallSource } from './support/small-source.ts'
import { syncOnce } from './support/sync-once.ts'

const CARS = 10
/** So long waits a run for one that was killed in the middle of a sign of life. */
const LEASE_SECONDS = 3

type Move = { car: number; how: 'goes' | 'comes' | 'changes' }

type Step =
  | { kind: 'move'; moves: Move[] }
  | {
      kind: 'run'
      mode: 'full' | 'incremental'
      lies: { hidden: number[]; slandered: number[]; byId: Lies['byId']; totals: boolean }
      maxRemovals: string | null
      /** What moves before a request of the run is answered, and whether the process is stopped or killed there. */
      meanwhile: { at: number; moves: Move[] } | null
      ends: { at: number; how: 'stopped' | 'killed' } | null
    }
  | { kind: 'decide'; decision: Decision; back: number }

const car = fc.integer({ min: 1, max: CARS + 2 })
const moves = fc.array(fc.record({ car, how: fc.constantFrom('goes', 'goes', 'comes', 'changes') }), {
  minLength: 1,
  maxLength: 4,
}) as fc.Arbitrary<Move[]>
const sometimes = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { freq: 2 })
const run: fc.Arbitrary<Step> = fc.record({
  kind: fc.constant('run'),
  mode: fc.constantFrom('full', 'full', 'full', 'incremental'),
  lies: fc.record({
    hidden: fc.oneof(
      { weight: 3, arbitrary: fc.constant([]) },
      { weight: 1, arbitrary: fc.array(car, { maxLength: 3 }) },
    ),
    slandered: fc.oneof(
      { weight: 3, arbitrary: fc.constant([]) },
      { weight: 1, arbitrary: fc.array(car, { maxLength: 3 }) },
    ),
    byId: fc.constantFrom('truly', 'truly', 'truly', 'all-gone', 'all-there', 'broken'),
    totals: fc.constantFrom(true, true, true, false),
  }),
  maxRemovals: sometimes(fc.constantFrom('0', '1', '2', '25%')).map((limit) => limit ?? null),
  meanwhile: sometimes(fc.record({ at: fc.integer({ min: 1, max: 30 }), moves })),
  ends: sometimes(fc.record({ at: fc.integer({ min: 1, max: 30 }), how: fc.constantFrom('stopped', 'killed') })),
}) as fc.Arbitrary<Step>
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('move'), moves }) as fc.Arbitrary<Step> },
  { weight: 6, arbitrary: run },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('decide'),
      decision: fc.constantFrom('undo', 'undo', 'approve', 'discard'),
      back: fc.nat(1),
    }) as fc.Arbitrary<Step>,
  },
)

/** What the source has said of a car, and what came of it. */
type Evidence = {
  /** Complete runs with an exact proof that did not see it, since it was seen last. */
  missedBy: Set<string>
  /** The source said that it is gone, since it was seen last. */
  saidGone: boolean
  /** A person brought it back, and it was not seen since. */
  exempt: boolean
}
let removals = 0

const none = (): Evidence => ({ missedBy: new Set(), saidGone: false, exempt: false })

const removalsIn = async (db: Database, source: string): Promise<{ at: number; id: string; runId: string }[]> => {
  const rows = await db.query(
    `select id::float8 as at, source_id as car, run_id::text as run from car_changes
     where source = $1 and kind = 'removed' order by 1`,
    [source],
  )
  return rows.map((row) => ({ at: row.at, id: row.car, runId: row.run }))
}

const openModel = (db: Database, source: string) => {
  // One clock for the source and the processes: what is slow on purpose takes no time.
  const world = fastWorld(50, 'seldom')
  const api = smallSource(CARS, world.now)
  const evidence = new Map<string, Evidence>()
  const of = (id: string): Evidence => {
    const found = evidence.get(id) ?? none()
    evidence.set(id, found)
    return found
  }
  /** Cars seen by each run, through all of its processes. */
  const seenBy = new Map<string, Set<string>>()
  const proofOf = new Map<string, string>()
  let judged = 0
  const store = storeOver(db, { schema: 'public', source }, realWorld)

  const move = (all: readonly Move[]): void => {
    for (const { car, how } of all) api[how](car)
  }

  /** `known`: what the run has committed; null: it came to its end, and has all that was said. */
  const listen = (said: readonly Said[], runId: string | null, known: ReadonlySet<string> | null): void => {
    for (const { id, what } of said) {
      if (known !== null && what !== 'gone' && !known.has(id)) continue
      if (what === 'gone') of(id).saidGone = true
      else evidence.set(id, none())
      if (what === 'listed' && runId !== null) {
        const seen = seenBy.get(runId) ?? new Set()
        seenBy.set(runId, seen.add(id))
      }
    }
  }

  /** Every removal since the last look has its proof. */
  const judge = async (): Promise<void> => {
    const fresh = (await removalsIn(db, source)).filter(({ at }) => at > judged)
    for (const { at, id, runId } of fresh) {
      judged = at
      removals++
      const { missedBy, saidGone, exempt } = of(id)
      assert.equal(proofOf.get(runId), 'exact', `car ${id} was removed by a run that proves nothing`)
      assert.ok(!seenBy.get(runId)?.has(id), `car ${id} was removed by a run that saw it`)
      assert.ok(!exempt, `car ${id} was removed though a person had brought it back`)
      assert.ok(missedBy.has(runId), `car ${id} was seen since the run that removed it`)
      assert.ok(saidGone || missedBy.size > 1, `car ${id} was removed after one sweep, and nobody said that it is gone`)
    }
  }

  const runOnce = async ({
    mode,
    lies,
    maxRemovals,
    meanwhile,
    ends,
  }: Extract<Step, { kind: 'run' }>): Promise<void> => {
    api.lie({ ...lies, hidden: new Set(lies.hidden), slandered: new Set(lies.slandered) })
    const stop = new AbortController()
    const died = Promise.withResolvers<null>()
    let isDead = false
    let requests = 0
    api.beforeEach(() => {
      requests++
      if (meanwhile?.at === requests) move(meanwhile.moves)
      if (ends?.at !== requests) return
      if (ends.how === 'stopped') stop.abort()
      else {
        isDead = true
        died.resolve(null)
      }
    })
    const never = new Promise<never>(() => {})
    const mortal: World = {
      ...world,
      fetch: async (input, init) => {
        if (isDead) return never
        const answer = await api.fetch(input, init)
        return isDead ? never : answer
      },
      sleep: (ms, signal) => (isDead ? never : world.sleep(ms, signal)),
    }
    const options = { source, leaseSeconds: LEASE_SECONDS, ...(maxRemovals === null ? {} : { maxRemovals }) }
    const control = { mode, stop: stop.signal }
    const life = syncOnce({ db, url: api.url, options, world: mortal, control })
    const end = await Promise.race([life.then(({ summary }) => summary), died.promise])
    api.beforeEach(null)
    if (end === null) {
      // What the dead process had under way in the database comes to its end, or not at all: the lease decides.
      await silence(db, source, LEASE_SECONDS * 1000 + 1)
    }
    const [last] = await db.query(
      'select run_id::text as id from carsync.runs where source = $1 order by started_at desc limit 1',
      [source],
    )
    const runId: string | null = end?.runId ?? last?.id ?? null
    const pages = await db.query('select unnest(ids) as id from carsync.pages where run_id = $1::text::uuid', [runId])
    const known = end?.status === 'complete' ? null : new Set(pages.map(({ id }) => id as string))
    listen(api.heard(), runId, known)
    if (runId === null) return
    if (end?.status === 'complete' && mode === 'full') {
      proofOf.set(runId, end.proof)
      const stored = await db.query('select source_id as id from cars where source = $1', [source])
      if (end.proof === 'exact')
        for (const { id } of stored) if (!seenBy.get(runId)?.has(id)) of(id).missedBy.add(runId)
      await judge()
      if (maxRemovals !== null && !maxRemovals.endsWith('%'))
        assert.ok(end.cars.removed <= Number(maxRemovals), `${end.cars.removed} removed, ${maxRemovals} allowed`)
    } else
      assert.deepEqual(
        (await removalsIn(db, source)).filter(({ at }) => at > judged),
        [],
        'removed without an end',
      )
  }

  const decide = async (decision: Decision, back: number): Promise<void> => {
    const known = decision === 'undo' ? await store.runs(10) : await store.heldRemovals()
    const runId = known[back % Math.max(1, known.length)]?.runId
    if (runId === undefined) return
    const idsOf = async (query: string): Promise<string[]> => (await db.query(query, [source])).map(({ id }) => id)
    const removed = 'select source_id as id from cars where source = $1 and removed_at is not null'
    const before = await idsOf(removed)
    if (decision === 'discard')
      // These have to be proven gone anew.
      for (const id of await idsOf('select source_id as id from carsync.held_removals where source = $1'))
        evidence.set(id, { ...none(), exempt: of(id).exempt })
    const who = { holder: 'a person', lengthMs: 5000, stop: new AbortController().signal }
    const answer = await decideRemovals(store, realWorld, who, decision, runId)
    assert.equal(answer.kind, 'done')
    await judge()
    const after = new Set(await idsOf(removed))
    for (const id of before) if (!after.has(id)) evidence.set(id, { ...none(), exempt: true })
  }

  return {
    act: async (what: Step): Promise<void> => {
      if (what.kind === 'move') move(what.moves)
      else if (what.kind === 'run') await runOnce(what)
      else await decide(what.decision, what.back)
    },
    /** The source is honest from here on: after two sweeps the table is its truth, but for what a person brought back. */
    settle: async (): Promise<void> => {
      for (let sweep = 0; sweep < 3; sweep++)
        await runOnce({
          kind: 'run',
          mode: 'full',
          lies: { ...HONEST, hidden: [], slandered: [] },
          maxRemovals: null,
          meanwhile: null,
          ends: null,
        })
      const rows = await db.query('select source_id as id from cars where source = $1 and removed_at is null', [source])
      const living = new Set(rows.map(({ id }) => id as string))
      for (const id of api.ids()) assert.ok(living.delete(String(id)), `car ${id} is there and not stored as such`)
      for (const id of living) assert.ok(of(id).exempt, `car ${id} has gone and is stored as being there`)
      assert.equal((await store.heldRemovals()).length, 0)
    },
  }
}

describe('runs in any order, with kills, lies and decisions in between', async () => {
  const db = await newDatabase('postgres')
  let sources = 0

  it('never remove a car without proof, and forget none that is there', async (t) => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 2, maxLength: 9 }), async (steps) => {
        const model = openModel(db, `model_${++sources}`)
        for (const each of steps) await model.act(each)
        await model.settle()
      }),
      { numRuns: Number(process.env.MODEL_RUNS ?? 35), endOnFailure: true },
    )
    t.diagnostic(`${removals} removals in ${sources} histories`)
    assert.ok(removals > sources / 4, `${removals} removals in ${sources} histories`)
  })
})
