/** Databases that refuse, are full or are away: what is waited for is said, what cannot be waited for says what to do. */
import assert from 'node:assert/strict'
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, it } from 'node:test'
import { startDemoApi } from '../demo/demo-api.ts'
import { checkDatabase, openDatabase, openStore, readMigrations, resolveOptions, SyncError } from '../src/node.ts'
import { migrate } from '../src/store/migrate.ts'
import { HOW_TO_GET_IT, hasPgbouncer, startPgbouncer } from './support/pgbouncer.ts'
import { startPostgres } from './support/postgres.ts'
import { digestOfCars } from './support/stored.ts'
import { syncOnce } from './support/sync-once.ts'

const folder = mkdtempSync(join(tmpdir(), 'carsync-hba-'))
const rules = [
  'host all locked 127.0.0.1/32 scram-sha-256',
  'host all banned 127.0.0.1/32 reject',
  'host replication all 127.0.0.1/32 trust',
  'host all all 127.0.0.1/32 trust',
]
writeFileSync(join(folder, 'hba'), `${rules.join('\n')}\n`)
for (const [path, mode] of [
  [folder, 0o755],
  [join(folder, 'hba'), 0o644],
] as const)
  chmodSync(path, mode)

const pg = await startPostgres({
  fsync: 'off',
  hba_file: `'${join(folder, 'hba')}'`,
  wal_level: 'replica',
  max_wal_senders: '4',
})
const standby = await pg.addStandby()
const db = await openDatabase({ databaseUrl: pg.url }, { embeddedFolder: null })
await migrate(db, 'public', readMigrations())
for (const role of ['locked', 'banned', 'crowd']) await db.query(`create role ${role} login superuser password 'right'`)
after(async () => {
  await db.close()
  await pg.close()
  rmSync(folder, { recursive: true, force: true })
})

const as = (user: string, password = '', url = pg.url): string => {
  const address = new URL(url)
  address.username = user
  address.password = password
  return address.href
}

/** What opening it for a sync comes to, and what was said meanwhile: each wait is. */
const open = async (databaseUrl: string) => {
  const said: string[] = []
  const options = resolveOptions({}, { API_BASE_URL: 'http://127.0.0.1:1/api', DATABASE_URL: databaseUrl })
  try {
    const store = await openStore(options, { embeddedFolder: null }, 'sync', (sentence) => said.push(sentence))
    await store.close()
    return { code: 0, message: '', said }
  } catch (error) {
    assert.ok(error instanceof SyncError)
    return { code: error.exitCode, message: error.message, said }
  }
}

describe('a database that refuses', () => {
  const table = [
    ['a wrong password', as('locked', 'wrong'), /refused the password\. Check DATABASE_URL/],
    ['no password', as('locked'), /refused the password\. Check DATABASE_URL/],
    ['a user by its rules', as('banned'), /refused this user\. Check DATABASE_URL/],
    ['a user that it does not know', as('nobody_here'), /"nobody_here" does not exist.*refused this user/],
    ['because it is a standby', standby.url, /read-only standby\. Point DATABASE_URL at the primary, or name all/],
    ['by having no such name', 'postgres://u@nowhere.invalid/d', /host name is not known\. Check DATABASE_URL/],
  ] as const
  for (const [what, url, sentence] of table)
    it(`(${what}) is not waited for: a sentence, and 2`, async () => {
      const { code, message, said } = await open(url)
      assert.match(message, sentence)
      assert.ok(!message.includes('wrong'), 'the password is not repeated')
      assert.equal(code, 2)
      assert.deepEqual(said, [])
    })

  it('takes the right password', async () => assert.equal((await open(as('locked', 'right'))).message, ''))

  it('(through a pooler, which names no cause by its code) is not waited for either', {
    skip: hasPgbouncer ? false : HOW_TO_GET_IT,
  }, async (t) => {
    const pooler = await startPgbouncer(pg.url, 2)
    t.after(() => pooler.close())
    const { code, message, said } = await open(pooler.url.replace(/\/postgres$/, '/no_such_database'))
    assert.match(message, /does not exist.*Check the end of DATABASE_URL/)
    assert.equal(code, 2)
    assert.deepEqual(said, [])
  })

  for (const what of ['of which the schema is there', 'that is empty'])
    it(`(${what}, through a pooler in statement mode) is not waited for: which mode is needed, and 2`, {
      skip: hasPgbouncer ? false : HOW_TO_GET_IT,
    }, async (t) => {
      if (what === 'that is empty') await db.query('create database empty')
      const pooler = await startPgbouncer(pg.url, 2, ['pool_mode = statement'])
      t.after(() => pooler.close())
      const url = what === 'that is empty' ? pooler.url.replace(/\/postgres$/, '/empty') : pooler.url
      const { code, message, said } = await open(url)
      assert.match(message, /not allowed in statement pooling mode\. .* Set its pool_mode to transaction or session/)
      assert.equal(code, 2)
      assert.deepEqual(said, [])
      const findings = await checkDatabase(resolveOptions({}, { DATABASE_URL: url }), { embeddedFolder: null })
      assert.match(findings.find(({ ok }) => !ok)?.advice ?? '', /Set its pool_mode to transaction or session/)
    })
})

describe('a database that is away at the beginning', { concurrency: true }, () => {
  /** Opens it while it cannot be, and lets it be as soon as somebody was told that it is waited for. */
  const opensOnce = async (url: string, refusal: RegExp, heal: () => Promise<unknown>) => {
    const said = Promise.withResolvers<string>()
    const options = resolveOptions({}, { API_BASE_URL: 'http://127.0.0.1:1/api', DATABASE_URL: url })
    const opening = openStore(options, { embeddedFolder: null }, 'sync', said.resolve)
    opening.catch(said.reject)
    assert.match(await said.promise, refusal)
    await heal()
    await (await opening).close()
  }

  it('because all its connections are taken is waited for, with a word', async () => {
    await db.query('alter role crowd nosuperuser connection limit 0')
    await opensOnce(as('crowd'), /The database is away \(too many connections.*waiting for it, at most 120 s/, () =>
      db.query('alter role crowd superuser connection limit -1'),
    )
  })

  it('because it was stopped is waited for, with a word, and found when it is back', async (t) => {
    const own = await startPostgres({ fsync: 'off' })
    t.after(own.close)
    await own.crash()
    await opensOnce(own.url, /The database is away \(connect ECONNREFUSED.*at most 15 s/, own.restart)
  })
})

describe('a disk of the database that gets full', () => {
  it('ends the run with what to do, and the next run goes on from there', async (t) => {
    const api = await startDemoApi({
      cars: 800,
      seed: 3,
      maxPageSize: 50,
      latencyMs: 20,
      clockAt: Date.UTC(2026, 8, 1),
    })
    t.after(() => api.close())
    // What the server throws when the disk is full, once some pages are there.
    await db.query(
      `create function full_disk() returns trigger language plpgsql as $$ begin
         if (select count(*) from cars) >= 400 then
           raise exception 'could not extend file "base/5/16384": No space left on device' using errcode = 'disk_full';
         end if;
         return new;
       end $$`,
    )
    await db.query('create trigger full_disk before insert on cars for each row execute function full_disk()')
    const full = await syncOnce({ db, url: api.url, options: { maxConcurrency: 1 } })
    assert.equal(full.summary.status, 'failed')
    assert.match(full.summary.reason ?? '', /No space left.*Free space; the next run goes on from here/)
    const { inserted } = full.summary.cars
    assert.ok(inserted > 0 && inserted < 800, `${inserted} cars are there`)
    await db.query('drop trigger full_disk on cars')
    const { summary } = await syncOnce({ db, url: api.url })
    assert.deepEqual([summary.status, summary.proof, summary.resumed], ['complete', 'exact', true])
    assert.equal(summary.runId, full.summary.runId)
    assert.equal(summary.cars.inserted, 800)
    assert.equal((await digestOfCars(db)).cars, 800)
  })
})
