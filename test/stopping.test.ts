/** The command is asked to stop, and its surroundings fail it: it ends in time, says why, and the next one goes on. */
import assert from 'node:assert/strict'
import { execFile, execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import { openDatabase } from '../src/node.ts'
import { placeEmbedded } from './support/embedded.ts'
import { freePort } from './support/free-port.ts'
import { type FrozenProxy, startProxy } from './support/frozen-proxy.ts'
import { ownScript } from './support/own-script.ts'
import { CARS, PAGE, type Scene, scene } from './support/scene.ts'
import { type Ended, summaryOf } from './support/spawn-sync.ts'

/** A scene whose database lies behind a proxy. */
const behindProxy = async (
  t: TestContext,
): Promise<Scene & { proxy: FrozenProxy; behind: { DATABASE_URL: string } }> => {
  const it = await scene(t)
  const url = new URL(it.databaseUrl)
  const proxy = await startProxy({ host: url.hostname, port: Number(url.port) })
  t.after(() => proxy.close())
  url.port = String(proxy.port)
  return { ...it, proxy, behind: { DATABASE_URL: url.href } }
}

/** So many cars take more room than there is. */
const FILLING = 100 * PAGE

const assertGoesOn = async ({ start, assertUndisturbed }: Scene): Promise<void> => {
  const next = await start().ended
  assert.equal(next.code, 0, next.stderr)
  assert.equal(summaryOf(next).proof, 'exact')
  await assertUndisturbed()
}

describe('a sync that is asked to stop', { concurrency: 4 }, () => {
  for (const signal of ['SIGINT', 'SIGTERM'] as const)
    it(`by ${signal} commits what it has, exits with 3, and the next one goes on`, async (t) => {
      const it = await scene(t)
      const { child, ended } = it.start()
      await it.pages(12)
      child.kill(signal)
      const stopped = await ended
      assert.equal(stopped.code, 3, stopped.stderr)
      const summary = summaryOf(stopped)
      assert.equal(summary.status, 'incomplete')
      assert.equal(summary.reason, 'interrupted')
      assert.ok(summary.pages.done > 0 && summary.pages.done < CARS / PAGE)
      assert.equal(stopped.stderr.includes('canary-key'), false)
      await assertGoesOn(it)
      const runs = await it.db.query('select status, resumed from carsync.runs')
      assert.deepEqual(runs, [{ status: 'complete', resumed: true }])
    })

  it('ends when the source hangs', async (t) => {
    const it = await scene(t)
    const { child, ended } = it.start()
    await it.pages(6)
    it.source.pause()
    child.kill('SIGTERM')
    const stopped = await ended
    assert.equal(stopped.code, 3, stopped.stderr)
    assert.equal(summaryOf(stopped).reason, 'interrupted')
    it.source.resume()
    await assertGoesOn(it)
  })

  const assertSaysSo = (ended: Ended): void => {
    const { code, stderr } = ended
    assert.equal(code, 3, stderr)
    assert.match(stderr, /Stopped: .*database does not answer.*next run goes on from the last committed page/)
    const summary = summaryOf(ended)
    assert.equal(summary.status, 'incomplete')
    assert.match(summary.reason!, /database does not answer/)
    assert.match(summary.runId, /^[0-9a-f-]{36}$/)
    assert.ok(summary.requests.total > 0, 'as far as it knew')
  }

  it('by SIGTERM ends by itself when the database hangs, and the next one goes on', async (t) => {
    const it = await behindProxy(t)
    const { child, ended } = it.start(it.behind)
    await it.pages(12)
    it.proxy.freeze()
    child.kill('SIGTERM')
    assertSaysSo(await ended)
    await assertGoesOn(it)
  })

  const assertWaitsNoMore = async (ended: Promise<Ended>): Promise<void> => {
    const since = performance.now()
    const stopped = await ended
    // Less than any deadline; the machine may be busy.
    assert.ok(performance.now() - since < 5000, 'the wait ends at once')
    assert.equal(stopped.code, 3, stopped.stderr)
    assert.match(
      stopped.stderr,
      /Incomplete after .* Stopped before the database was ready: no car was read or written/,
    )
    assert.doesNotMatch(stopped.stderr, /committing/)
    const summary = summaryOf(stopped)
    assert.equal(summary.status, 'incomplete')
    assert.match(summary.reason!, /^Stopped before the database was ready/)
  }

  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    it(`by ${signal} while the database has never answered ends at once`, async (t) => {
      const it = await behindProxy(t)
      it.proxy.freeze()
      const { child, ended } = it.start(it.behind)
      await it.proxy.met
      child.kill(signal)
      await assertWaitsNoMore(ended)
    })

    it(`by ${signal} while the database is waited for ends at once`, async (t) => {
      const it = await scene(t)
      const url = new URL(it.databaseUrl)
      url.port = String(await freePort())
      const { child, ended, said } = it.start({ DATABASE_URL: url.href })
      while (!said().includes('waiting for it')) await new Promise((resolve) => child.stderr!.once('data', resolve))
      child.kill(signal)
      await assertWaitsNoMore(ended)
    })
  }

  it('by Ctrl-C, and once more when that takes too long, ends at once with 130', async (t) => {
    const it = await behindProxy(t)
    const { child, ended } = it.start(it.behind)
    await it.pages(12)
    it.proxy.freeze()
    const asked = new Promise<void>((resolve) => {
      child.stderr!.on('data', (text: string) => {
        if (text.includes('Ctrl-C again stops at once')) resolve()
      })
    })
    child.kill('SIGINT')
    await asked
    child.kill('SIGINT')
    assert.equal((await ended).code, 130)
    await assertGoesOn(it)
  })
})

describe('a sync that nobody listens to', { concurrency: true }, () => {
  for (const stream of ['stdout', 'stderr'] as const)
    it(`(${stream} is closed) works on to its end`, async (t) => {
      const it = await scene(t)
      const { child, ended } = it.start({}, ['--verbose'])
      child[stream]!.destroy()
      const { code, stdout, stderr } = await ended
      assert.equal(code, 0, stderr)
      if (stream === 'stderr') assert.equal(summaryOf({ code, signal: null, stdout, stderr }).proof, 'exact')
      const runs = await it.db.query('select status from carsync.runs')
      assert.deepEqual(runs, [{ status: 'complete' }])
      await it.assertUndisturbed()
    })
})

describe('a sync into the embedded database', { concurrency: true }, () => {
  it('that is open in another process says in which, and exits with 3; so does status', async (t) => {
    const { source, cwd, start } = await scene(t)
    const embeddedFolder = join(cwd, '.carsync', 'db')
    await placeEmbedded(embeddedFolder)
    const db = await openDatabase({ databaseUrl: null }, { embeddedFolder })
    t.after(() => db.close())
    const who = new RegExp(`process ${process.pid}\\b`)
    const ended = await start({ DATABASE_URL: '' }).ended
    assert.equal(ended.code, 3, ended.stderr)
    const summary = summaryOf(ended)
    assert.equal(summary.status, 'busy')
    assert.match(summary.lease!.holder, who)
    assert.equal(summary.lease!.expiresAt, null)
    assert.match(ended.stderr, who)
    const status = execFile(process.execPath, [...ownScript('cli/main.ts'), 'status', '--json'], {
      cwd,
      env: { PATH: process.env.PATH, HOME: cwd, API_BASE_URL: source.url, API_KEY: 'canary-key' },
    })
    let said = ''
    status.stderr!.on('data', (text: string) => {
      said += text
    })
    const [code] = await once(status, 'close')
    assert.equal(code, 3)
    assert.match(said, who)
  })

  it('says so when the disk is full, exits with 3, and goes on when there is room', async (t) => {
    const { cwd, start, assertStored } = await scene(t, FILLING)
    const folder = join(cwd, '.carsync')
    mkdirSync(folder)
    try {
      execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=64m', 'none', folder], { stdio: 'pipe' })
    } catch {
      t.skip('A small file system can only be mounted by root')
      return
    }
    // Not in a hook: the folder is removed by the first one.
    try {
      // Of 13 MB, with a log that grows by one: little has to be written until fewer than 48 MB are free.
      await placeEmbedded(join(folder, 'db'))
      const full = await start({ DATABASE_URL: '' }).ended
      assert.equal(full.code, 3, full.stderr)
      assert.ok(summaryOf(full).pages.done > 0, 'there was room at first')
      assert.match(full.stderr, /The disk is full: .*\.carsync.*MB are free\. Free some space; the next run goes on/)
      execFileSync('mount', ['-o', 'remount,size=400m', folder])
      const ended = await start({ DATABASE_URL: '' }).ended
      assert.equal(ended.code, 0, ended.stderr)
      assert.equal(summaryOf(ended).resumed, true)
      const db = await openDatabase({ databaseUrl: null }, { embeddedFolder: join(folder, 'db') })
      try {
        await assertStored(db)
      } finally {
        await db.close()
      }
    } finally {
      execFileSync('umount', [folder])
    }
  })
})
