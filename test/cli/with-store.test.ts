/** Commands beside the sync, while the database is restarted: a word, and the answer when it is back. */
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, it } from 'node:test'
import { withStore } from '../../cli/with-store.ts'
import { startDemoApi } from '../../demo/demo-api.ts'
import { resolveOptions, SyncError } from '../../src/node.ts'
import { startPostgres } from '../support/postgres.ts'
import { type Command, spawnCommand } from '../support/spawn-command.ts'
import { watchedSource } from '../support/watched-source.ts'

const AWAY = /The database is away \(.*\): waiting for it, at most (\d+) s\./

const [pg, api] = await Promise.all([startPostgres({ fsync: 'off' }), startDemoApi({ cars: 100, maxPageSize: 50 })])
const cwd = mkdtempSync(join(tmpdir(), 'carsync-away-'))
after(async () => {
  await Promise.all([pg.close(), api.close()])
  rmSync(cwd, { recursive: true, force: true })
})
const env = { DATABASE_URL: pg.url, API_BASE_URL: api.url, API_KEY: 'k' }
const carsync = (...args: string[]): Command => spawnCommand(cwd, env, args)
assert.equal((await carsync('sync').ended).code, 0)

/** Resolves with what it says on stderr as soon as that is that the database is away. */
const saysAway = ({ child, ended }: Command): Promise<RegExpExecArray> =>
  new Promise((resolve, reject) => {
    let said = ''
    child.stderr!.on('data', (text: string) => {
      said += text
      const match = AWAY.exec(said)
      if (match) resolve(match)
    })
    void ended.then(({ code }) => reject(new Error(`ended with ${code}: ${said}`)))
  })

describe('a database that is away for a moment', () => {
  it('is waited for by who only looks, with a word', async () => {
    await pg.crash()
    const looking = [carsync('status', '--json'), carsync('verify', '--json')]
    for (const [, seconds] of await Promise.all(looking.map(saysAway))) assert.equal(seconds, '8')
    await pg.restart()
    const [status, verified] = await Promise.all(looking.map(({ ended }) => ended))
    assert.deepEqual([status!.code, JSON.parse(status!.stdout).status], [0, 'complete'])
    assert.deepEqual([verified!.code, JSON.parse(verified!.stdout).ok], [0, true])
  })

  it('in the middle of a comparison is waited for, with a word', async (t) => {
    const slow = await watchedSource({ cars: 100, maxPageSize: 50, latencyMs: 200 })
    t.after(() => slow.close())
    const begun = Promise.withResolvers<void>()
    slow.watch({ asked: () => begun.resolve(), answered: () => {} })
    const verifying = spawnCommand(cwd, { ...env, API_BASE_URL: slow.url }, ['verify', '--json', '--sample', '20'])
    const away = saysAway(verifying)
    away.catch(() => {})
    await begun.promise
    await pg.crash()
    assert.equal((await away)[1], '120')
    await pg.restart()
    const { code, stdout, stderr } = await verifying.ended
    assert.deepEqual([code, JSON.parse(stdout).ok], [0, true], stderr)
  })
})

describe('withStore', () => {
  const settings = { options: resolveOptions({}, env), place: { embeddedFolder: cwd }, demo: null }
  const thrown = (error: Error) =>
    withStore(settings, 'look', () => Promise.reject(error)).then(
      () => null,
      (failure: unknown) => failure,
    )

  it('explains a database that stayed away, with 3', async () => {
    const failure = await thrown(Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' }))
    assert.ok(failure instanceof SyncError)
    assert.equal(failure.exitCode, 3)
    assert.match(failure.message, /ECONNREFUSED\. Nothing listens there/)
  })

  it('hands on what nobody expected', async () => {
    const bug = new TypeError('a bug')
    assert.equal(await thrown(bug), bug)
  })
})
