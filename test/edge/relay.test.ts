/** The function in its stand-in runtime, on real Deno and real Postgres: slices, kills, and the two doors on one run. */
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import { randomStream } from '../../demo/random.ts'
import { newPostgresUrl } from '../support/databases.ts'
import { type EdgeScene, type EdgeSceneSettings, edgeScene } from '../support/edge/edge-scene.ts'
import { spawnSync, summaryOf } from '../support/spawn-sync.ts'
import { storedIds } from '../support/stored.ts'

const sceneFor = async (t: TestContext, settings: Omit<EdgeSceneSettings, 'databaseUrl'>): Promise<EdgeScene> => {
  const scene = await edgeScene({ ...settings, databaseUrl: await newPostgresUrl() })
  t.after(() => scene.close())
  return scene
}

/** Every car of the demo is stored: its ids are known by their count and range. */
const assertAllThere = async (scene: EdgeScene, cars: number): Promise<void> => {
  const ids = await storedIds(scene.db)
  assert.equal(new Set(ids).size, cars)
}

/** Where a worker was too slow to be handed over to. */
const LOOKS_AS_CRON_MS = 2000

const assertNoneKilled = ({ edge }: EdgeScene): void => {
  const killed = edge.workers.filter(({ ending }) => ending !== 'idle')
  assert.deepEqual(killed, [], 'no worker came to a limit of the platform')
}

describe('the relay of slices', { concurrency: 2 }, () => {
  it('reads the whole inventory in several slices, none of which comes near a limit', async (t) => {
    const scene = await sceneFor(t, { demo: { cars: 6000, maxPageSize: 500 } })
    const begun = await scene.call({ action: 'start', mode: 'full' })
    assert.equal(begun.status, 202)
    const report = await scene.settled(Number.POSITIVE_INFINITY)
    assert.equal(report.status, 'complete')
    assert.equal(report.proof, 'exact')
    assert.equal(report.runId, begun.body.runId)
    assert.equal(report.cars.seen, 6000)
    assert.ok(scene.edge.slices.length >= 2, `${scene.edge.slices.length} slices`)
    t.diagnostic(`${scene.edge.slices.length} slices`)
    // The pages in hand at the end of a slice are brought home: none is asked for twice.
    const pages = scene.edge.slices.reduce((sum, slice) => sum + slice.pages, 0)
    assert.ok(
      report.requests.total <= pages + 12 + scene.edge.slices.length,
      `${report.requests.total} requests for ${pages} pages`,
    )
    await assertAllThere(scene, 6000)
    await scene.edge.idle()
    assertNoneKilled(scene)
  })

  it('is complete all the same when workers are killed at random instants', async (t) => {
    const scene = await sceneFor(t, { demo: { cars: 3200, maxPageSize: 100, latencyMs: 40 } })
    const seed = Math.floor(Math.random() * 2 ** 31)
    t.diagnostic(`seed ${seed}`)
    const next = randomStream(seed)
    let kills = 0
    await scene.call({ action: 'start', mode: 'full' })
    const killing = setInterval(() => {
      if (kills < 4 && next() < 0.3 && scene.edge.killOne()) kills++
    }, 100)
    const report = await scene.settled(250)
    clearInterval(killing)
    assert.equal(report.status, 'complete')
    assert.equal(report.proof, 'exact')
    assert.ok(kills > 0, 'somebody was killed')
    await assertAllThere(scene, 3200)
  })

  it('ends a slice before the end of its worker is due', async (t) => {
    const rate = 4
    // So long lives a worker as far as it knows. It is killed much later: whether it had come to its end by itself is seen
    // at the pages it asked for, of which a slow machine makes fewer and never more.
    const lifeSeconds = 15
    const askingSeconds = 6.75
    const mostPages = rate * askingSeconds + 1
    // Of few cars, or the slices would end for their processor time.
    const pageSize = 20
    const cars = 36 * pageSize
    const scene = await sceneFor(t, {
      demo: { cars, maxPageSize: pageSize, latencyMs: 20 },
      env: { CARSYNC_EDGE_WALL_SECONDS: String(lifeSeconds), CARSYNC_MAX_RATE: String(rate) },
      limits: { softWallMs: (lifeSeconds * 1000) / 2 },
    })
    await scene.call({ action: 'start', mode: 'full' })
    const report = await scene.settled(LOOKS_AS_CRON_MS)
    assert.equal(report.proof, 'exact')
    await assertAllThere(scene, cars)
    await scene.edge.idle()
    const pages = scene.edge.slices.map((slice) => slice.pages)
    t.diagnostic(`pages by slice: ${pages}`)
    assert.ok(Math.max(...pages) <= mostPages, `pages by slice: ${pages}`)
    assert.ok(pages.reduce((sum, each) => sum + each, 0) >= cars / pageSize, `pages by slice: ${pages}`)
    assertNoneKilled(scene)
  })

  it('finishes what the command line began, and leaves to the command line what it began itself', async (t) => {
    const scene = await sceneFor(t, {
      demo: { cars: 2400, maxPageSize: 20, latencyMs: 60, limit: { kind: 'token-bucket', rate: 25, burst: 1 } },
    })
    const cwd = mkdtempSync(join(tmpdir(), 'carsync-edge-'))
    t.after(() => rmSync(cwd, { recursive: true, force: true }))
    const { CARS_SYNC_SECRET: _secret, ...env } = scene.env

    const first = spawnSync(env, cwd, ['--full', '--time-budget', '8s', '--max-rate', '8'])
    const begun = summaryOf(await first.ended)
    assert.equal(begun.status, 'incomplete')
    assert.ok(begun.pages.done > 0)
    await scene.call({ action: 'start', mode: 'full' })
    const finished = await scene.settled(Number.POSITIVE_INFINITY)
    assert.equal(finished.runId, begun.runId)
    assert.equal(finished.proof, 'exact')

    // A fresh one, stopped while it is on, and taken up by the command line.
    const other = await scene.call({ action: 'start', mode: 'full', fresh: true })
    assert.equal(other.status, 202)
    await scene.call({ action: 'stop' })
    const stopped = await scene.settled(Number.POSITIVE_INFINITY)
    assert.equal(stopped.runId, other.body.runId)
    assert.equal(stopped.status, 'incomplete')
    assert.equal(await scene.cron(), 'nothing is due')
    const last = summaryOf(await spawnSync(env, cwd, ['--full']).ended)
    assert.equal(last.runId, other.body.runId)
    assert.equal(last.status, 'complete')
    await assertAllThere(scene, 2400)
  })
})
