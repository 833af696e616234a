/** A source, a Postgres database, and the real command in a folder of its own. */
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { openDatabase } from '../../src/node.ts'
import type { Database } from '../../src/store/database.ts'
import { newDatabase, newMigratedUrl } from './databases.ts'
import { spawnSync } from './spawn-sync.ts'
import { digestOfCars } from './stored.ts'
import { syncOnce } from './sync-once.ts'
import { type WatchedSource, watchedSource } from './watched-source.ts'

/** As many pages as tell the stages of a run apart, of few cars: what a car costs is no matter here. */
export const PAGE = 20
export const CARS = 30 * PAGE

export type Scene = {
  source: WatchedSource
  databaseUrl: string
  db: Database
  cwd: string
  start(more?: Record<string, string>, flags?: readonly string[]): ReturnType<typeof spawnSync>
  /** Resolves when the source has been asked for so many pages; rejects when a process ends before that. */
  pages(count: number): Promise<void>
  /** The cars of this database, or of the one of the scene, are those of an undisturbed run. */
  assertStored(found: Database): Promise<void>
  assertUndisturbed(): Promise<void>
}

const watched = (cars: number, latencyMs: number): Promise<WatchedSource> =>
  watchedSource({ cars, maxPageSize: PAGE, latencyMs, clockAt: Date.UTC(2026, 8, 1) })

/** What an undisturbed run stores of so many cars. All scenes have the same ones: it runs once for each number. */
const undisturbed = new Map<number, ReturnType<typeof digestOfCars>>()

const runUndisturbed = async (cars: number): ReturnType<typeof digestOfCars> => {
  const [db, source] = await Promise.all([newDatabase('postgres'), watched(cars, 0)])
  try {
    const { summary } = await syncOnce({ db, url: source.url })
    assert.deepEqual([summary.status, summary.cars.seen], ['complete', cars])
    return await digestOfCars(db)
  } finally {
    await source.close()
  }
}

export const scene = async (t: TestContext, cars = CARS): Promise<Scene> => {
  const source = await watched(cars, 30)
  const cwd = mkdtempSync(join(tmpdir(), 'carsync-lease-'))
  const databaseUrl = await newMigratedUrl()
  const db = await openDatabase({ databaseUrl }, { embeddedFolder: null })
  t.after(async () => {
    await db.close()
    await source.close()
    rmSync(cwd, { recursive: true, force: true })
  })
  let asked = 0
  let waits: { count: number; resolve(): void; reject(why: Error): void }[] = []
  const running = new Map<number, () => string>()
  // A test that hangs says where: node gives only its name.
  t.signal.addEventListener('abort', () => {
    for (const [pid, said] of running) process.stderr.write(`process ${pid} is still running; it said:\n${said()}\n`)
  })
  source.watch({
    asked: ({ kind }) => {
      if (kind === 'page') asked++
      for (const { resolve } of waits.filter(({ count }) => asked >= count)) resolve()
      waits = waits.filter(({ count }) => asked < count)
    },
    answered: () => {},
  })
  const assertStored = async (found: Database): Promise<void> => {
    const wanted = undisturbed.get(cars) ?? runUndisturbed(cars)
    undisturbed.set(cars, wanted)
    assert.deepEqual(await digestOfCars(found), await wanted)
  }
  return {
    source,
    databaseUrl,
    db,
    cwd,
    start: (more = {}, flags = []) => {
      const env = { API_BASE_URL: source.url, API_KEY: 'canary-key', DATABASE_URL: databaseUrl, ...more }
      const { child, ended, said } = spawnSync(env, cwd, ['--max-concurrency', '2', ...flags])
      running.set(child.pid!, said)
      void ended.then(({ code, stderr }) => {
        running.delete(child.pid!)
        for (const { count, reject } of waits)
          reject(new Error(`A process ended with ${code} before ${count} pages were asked for:\n${stderr}`))
      })
      t.after(() => child.kill('SIGKILL'))
      return { child, ended, said }
    },
    pages: (count) =>
      new Promise((resolve, reject) => (asked >= count ? resolve() : waits.push({ count, resolve, reject }))),
    assertStored,
    assertUndisturbed: () => assertStored(db),
  }
}
