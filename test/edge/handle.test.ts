/** The handler, called directly: who is let in, what is understood, and what is answered. */
import assert from 'node:assert/strict'
import { after, describe, it } from 'node:test'
import { startDemoThread } from '../../demo/demo-thread.ts'
import { migrate, openDatabase, resolveOptions } from '../../src/node.ts'
import { lifeOf, openFunction } from '../../supabase/functions/cars-sync/open-function.ts'
import type { Platform } from '../../supabase/functions/cars-sync/platform.ts'
import { bentSource } from '../support/bent-source.ts'
import { newPostgresUrl } from '../support/databases.ts'

const SECRET = 'open-sesame'
const URL = 'http://localhost/functions/v1/cars-sync'

type Stand = Platform & { lines: string[]; work: Promise<unknown>[]; end(): void }

/** A slow clock: on a machine that is busy with other tests a slice would end for what it takes to have cost. */
const now = (): number => performance.now() / 20

const platformWith = (env: Record<string, string>, ageMs = 0): Stand => {
  const lines: string[] = []
  const work: Promise<unknown>[] = []
  let end = (): void => {}
  return {
    lines,
    work,
    end: () => end(),
    env: () => env,
    now,
    bootedAt: now() - ageMs,
    memory: () => 0,
    waitUntil: (promise) => void work.push(promise),
    onEnd: (listener) => {
      end = listener
    },
    log: (line) => void lines.push(line),
  }
}

const demo = await startDemoThread({ cars: 600, maxPageSize: 100 })
after(() => demo.close())

const envOf = async (more: Record<string, string> = {}): Promise<Record<string, string>> => ({
  DATABASE_URL: await newPostgresUrl(),
  API_BASE_URL: demo.url,
  API_KEY: 'canary-key-canary-key',
  CARS_SYNC_SECRET: SECRET,
  ...more,
})

const opened = (platform: Platform) => {
  const edge = openFunction(platform)
  after(() => edge.close())
  return edge.answer
}

const post = (body: unknown, headers: Record<string, string> = { 'x-sync-secret': SECRET }): Request =>
  new Request(URL, { method: 'POST', headers, body: typeof body === 'string' ? body : JSON.stringify(body) })

const migrated = async (more: Record<string, string> = {}) => {
  const env = await envOf(more)
  await migrate(resolveOptions({}, env), { embeddedFolder: null })
  return env
}

describe('who is let in', async () => {
  const env = await envOf({ CARSYNC_CORS_ORIGINS: 'https://cars.example, http://localhost:3000' })
  const call = opened(platformWith(env))

  for (const [what, headers] of [
    ['no secret', {}],
    ['a wrong one', { 'x-sync-secret': 'open-sesam' }],
    ['one that begins right', { 'x-sync-secret': `${SECRET}x` }],
    ['a key of the project instead', { authorization: 'Bearer anon', apikey: 'anon' }],
  ] as [string, Record<string, string>][])
    it(`is nobody with ${what}`, async () => {
      for (const request of [post({ action: 'tick' }, headers), new Request(URL, { headers })]) {
        const answer = await call(request)
        assert.equal(answer.status, 401)
        assert.deepEqual(Object.keys(await answer.json()), ['error'])
      }
    })

  it('from a browser is only who comes from an origin that is configured', async () => {
    const preflight = (origin: string) => call(new Request(URL, { method: 'OPTIONS', headers: { origin } }))
    const ours = await preflight('https://cars.example')
    assert.equal(ours.status, 204)
    assert.equal(ours.headers.get('access-control-allow-origin'), 'https://cars.example')
    assert.match(ours.headers.get('access-control-allow-headers')!, /x-sync-secret/)
    for (const origin of ['https://cars.example.evil.example', 'https://evil.example', 'null'])
      assert.equal((await preflight(origin)).headers.get('access-control-allow-origin'), null, origin)
  })
})

describe('what is understood', async () => {
  const call = opened(platformWith(await envOf()))
  for (const [body, status, wanted] of [
    ['', 400, /JSON object .*an empty body/],
    ['[]', 400, /JSON object/],
    ['{"action":', 400, /JSON object/],
    [{}, 400, /"action": wanted "tick", "start", "stop" or "status"; got nothing/],
    [{ action: 'go' }, 400, /got "go"/],
    [{ action: 'start', mode: 'half' }, 400, /"mode": wanted "full" or "incremental"; got "half"/],
    [{ action: 'start', fresh: 'yes' }, 400, /"fresh": wanted true or false; got "yes"/],
    [{ action: 'start', priority: 'Audi' }, 400, /"priority": wanted a list of brands/],
    [{ action: 'start', priority: ['a\0b'] }, 400, /"priority": .* the character NUL/],
    [{ action: 'start', pages: 3 }, 400, /beside "action"; got "pages"/],
    [`{"action":"tick","x":"${'x'.repeat(20_000)}"}`, 413, /at most 10000 characters/],
  ] as [unknown, number, RegExp][])
    it(`is not ${JSON.stringify(body).slice(0, 50)}`, async () => {
      const answer = await call(post(body))
      assert.equal(answer.status, status)
      assert.match((await answer.json()).error, wanted)
    })

  it('is no other method, and the answer says which are', async () => {
    const answer = await call(new Request(URL, { method: 'DELETE', headers: { 'x-sync-secret': SECRET } }))
    assert.equal(answer.status, 405)
    assert.match(answer.headers.get('allow')!, /GET, POST/)
  })
})

describe('what is not configured', () => {
  for (const name of ['CARS_SYNC_SECRET', 'API_BASE_URL', 'API_KEY', 'DATABASE_URL'])
    it(`is told in the log, with the command, where ${name} is missing`, async () => {
      const { [name]: _, ...env } = await envOf()
      const platform = platformWith(env)
      const answer = await opened(platform)(post({ action: 'tick' }))
      assert.equal(answer.status, 503)
      assert.doesNotMatch(await answer.text(), new RegExp(name))
      assert.match(platform.lines.join('\n'), new RegExp(`${name} is not set.*npx supabase secrets set ${name}=`))
    })

  for (const secret of ['geheim-für-alle', 'one\ngeheim—dash'])
    it(`is told where the secret is none that a header can carry, without showing it: ${JSON.stringify(secret)}`, async () => {
      const platform = platformWith(await envOf({ CARS_SYNC_SECRET: secret }))
      assert.equal((await opened(platform)(post({ action: 'tick' }))).status, 503)
      const said = platform.lines.join('\n')
      assert.match(said, /CARS_SYNC_SECRET: wanted .* which a header can carry/)
      assert.doesNotMatch(said, /geheim/)
    })

  it('is told where it is not understood', async () => {
    const platform = platformWith(await envOf({ CARSYNC_EDGE_WALL_SECONDS: 'long' }))
    assert.equal((await opened(platform)(post({ action: 'tick' }))).status, 503)
    assert.match(platform.lines[0]!, /CARSYNC_EDGE_WALL_SECONDS: wanted .* got "long"/)
  })
})

describe('the database', () => {
  it('is never migrated from here: the answer names the command', async () => {
    const env = await envOf()
    const answer = await opened(platformWith(env))(post({ action: 'tick' }))
    assert.equal(answer.status, 503)
    assert.match((await answer.json()).error, /found none\. Apply it with: npx carsync migrate/)
    const db = await openDatabase({ databaseUrl: env.DATABASE_URL! }, { embeddedFolder: null })
    const tables = await db.query(`select from pg_tables where schemaname in ('public', 'carsync')`)
    await db.close()
    assert.equal(tables.length, 0)
  })

  it('is told to mirror into another schema than the one that is set', async () => {
    const env = { ...(await migrated()), CARSYNC_SCHEMA: 'elsewhere' }
    const answer = await opened(platformWith(env))(post({ action: 'tick' }))
    assert.equal(answer.status, 503)
    assert.match((await answer.json()).error, /already mirrors into schema "public".*CARSYNC_SCHEMA=public/)
  })

  it('is told to lack rights, with the statements that grant them', async () => {
    const env = await migrated()
    const { DATABASE_URL } = env
    const db = await openDatabase({ databaseUrl: DATABASE_URL! }, { embeddedFolder: null })
    const role = `weak_${process.pid}`
    await db.query(`create role ${role} login in role pg_read_all_data`)
    await db.close()
    const url = Object.assign(new globalThis.URL(DATABASE_URL!), { username: role })
    const answer = await opened(platformWith({ ...env, DATABASE_URL: url.href }))(post({ action: 'tick' }))
    assert.equal(answer.status, 503)
    assert.match(
      (await answer.json()).error,
      /hides the tables from it.*grant insert, update on "public"."cars" to "weak_/s,
    )
  })

  it('is told to take no writes, soon, and what may be the cause', async () => {
    const env = await migrated()
    const call = opened(platformWith(env))
    const db = await openDatabase({ databaseUrl: env.DATABASE_URL! }, { embeddedFolder: null })
    const name = new globalThis.URL(env.DATABASE_URL!).pathname.slice(1)
    await db.query(`alter database ${name} set default_transaction_read_only = on`)
    await db.close()
    for (const action of ['start', 'stop']) {
      const answer = await call(post({ action }))
      assert.equal(answer.status, 503)
      assert.match((await answer.json()).error, /read-only.*disk is nearly full/)
    }
    const status = await call(new Request(URL, { headers: { 'x-sync-secret': SECRET } }))
    assert.equal(status.status, 200, 'what is there can be read')
  })

  it('is told to be away in a sentence without the password', async () => {
    const env = await envOf({ DATABASE_URL: 'postgres://postgres:hunter2hunter2@127.0.0.1:1/postgres' })
    const answer = await opened(platformWith(env))(post({ action: 'tick' }))
    assert.equal(answer.status, 503)
    const text = await answer.text()
    assert.match(text, /Nothing listens there/)
    assert.doesNotMatch(text, /hunter2/)
  })
})

describe('a tick', () => {
  it('answers at once and works on, then finds nothing due', async () => {
    const platform = platformWith(await migrated())
    const call = opened(platform)
    assert.equal(await (await call(new Request(URL, { headers: { 'x-sync-secret': SECRET } }))).json(), null)
    const begun = await call(post({ action: 'tick' }))
    assert.equal(begun.status, 202)
    const { runId, mode, reason } = await begun.json()
    assert.deepEqual([mode, reason], ['full', 'full'])
    await Promise.all(platform.work)
    const status = await (await call(new Request(URL, { headers: { 'x-sync-secret': SECRET } }))).json()
    assert.deepEqual([status.runId, status.status, status.proof, status.cars.seen], [runId, 'complete', 'exact', 600])
    assert.deepEqual(status.health, [])
    const idle = await call(post({ action: 'tick' }))
    assert.equal(idle.status, 200)
    assert.equal((await idle.json()).status, 'idle')
  })

  it('says who holds the lease, while somebody does', async () => {
    const env = await migrated()
    const db = await openDatabase({ databaseUrl: env.DATABASE_URL! }, { embeddedFolder: null })
    await db.query(`insert into carsync.lease (source, fence, holder) values ('auctionsapi', 1, 'a laptop')`)
    await db.query(
      `insert into carsync.heartbeat (source, fence, at, length_ms) values ('auctionsapi', 1, now(), 3600000)`,
    )
    // A sign of life: the heart beats while it is asked.
    const beating = setInterval(() => {
      db.query(`update carsync.heartbeat set at = clock_timestamp()`).catch(() => {})
    }, 50)
    const answer = await opened(platformWith(env))(post({ action: 'tick' }))
    clearInterval(beating)
    await db.close()
    assert.equal(answer.status, 200)
    const body = await answer.json()
    assert.equal(body.status, 'busy')
    assert.equal(body.lease.holder, 'a laptop')
  })

  it('begins nothing in a worker that is at the end of its life', async () => {
    const platform = platformWith(await migrated(), 140_000)
    const answer = await opened(platform)(post({ action: 'start', mode: 'full' }))
    assert.equal(answer.status, 503)
    assert.equal((await answer.json()).status, 'retired')
    const db = await openDatabase({ databaseUrl: platform.env().DATABASE_URL! }, { embeddedFolder: null })
    const [row] = await db.query('select mode from carsync.orders')
    await db.close()
    assert.equal(row!.mode, 'full', 'the order waits for the next worker')
  })

  it('goes on with a fresh run that the worker before could not plan, instead of beginning one more', async (t) => {
    const { url } = await bentSource(t, { cars: 50 }, (_, response) => !!response.writeHead(500).end('a fault'))
    const env = await migrated({ API_BASE_URL: url })
    const runs: string[] = []
    for (let worker = 0; worker < 3; worker++) {
      const platform = platformWith(env)
      const answer = await opened(platform)(
        post(worker === 0 ? { action: 'start', mode: 'full', fresh: true } : { action: 'tick' }),
      )
      assert.equal(answer.status, 202)
      runs.push((await answer.json()).runId)
      platform.end()
      await Promise.all(platform.work)
    }
    assert.equal(new Set(runs).size, 1)
  })

  it('takes the brands that were ordered first', async () => {
    const platform = platformWith(await migrated())
    const call = opened(platform)
    const answer = await call(post({ action: 'start', mode: 'full', priority: ['Toyota'] }))
    assert.equal(answer.status, 202)
    await Promise.all(platform.work)
    const status = await (await call(new Request(URL, { headers: { 'x-sync-secret': SECRET } }))).json()
    assert.deepEqual(
      status.segments.map(({ name }: { name: string }) => name),
      ['Toyota', 'other brands'],
    )
  })
})

describe('a stop', () => {
  /** A run as a worker leaves it that was killed, or a slice that was to be followed by another. */
  const leftOpen = async (env: Record<string, string>, mode: 'full' | 'incremental'): Promise<void> => {
    const db = await openDatabase({ databaseUrl: env.DATABASE_URL! }, { embeddedFolder: null })
    await db.query(
      `insert into carsync.runs (run_id, source, mode, status, log_listed) values ($1::text::uuid, 'auctionsapi', $2, 'running', false)`,
      [crypto.randomUUID(), mode],
    )
    await db.close()
  }

  for (const mode of ['full', 'incremental'] as const)
    it(`ends a run (${mode}) that nobody is at, and then nothing is due`, async () => {
      const env = await migrated()
      const platform = platformWith(env)
      const call = opened(platform)
      // Changes are read once there has been a full sweep.
      if (mode === 'incremental') await call(post({ action: 'tick' }))
      await Promise.all(platform.work)
      await leftOpen(env, mode)
      const answer = await call(post({ action: 'stop' }))
      assert.equal(answer.status, 200)
      assert.equal((await answer.json()).status, 'stopped')
      await Promise.all(platform.work)
      const status = await (await call(new Request(URL, { headers: { 'x-sync-secret': SECRET } }))).json()
      assert.deepEqual([status.mode, status.status, status.reason], [mode, 'incomplete', 'interrupted'])
      assert.equal((await (await call(post({ action: 'tick' }))).json()).status, 'idle')
    })
})

describe('the life of a worker', () => {
  it('ends before the platform warns, with time to bring home what was asked for', () => {
    assert.deepEqual(lifeOf(0, 150_000), { askUntil: 125_000, overAt: 132_000 })
    assert.deepEqual(lifeOf(1000, 400_000), { askUntil: 351_000, overAt: 358_000 })
  })
})
