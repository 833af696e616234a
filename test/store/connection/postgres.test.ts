import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { type AddressInfo, createServer } from 'node:net'
import { after, describe, it } from 'node:test'
import { openPostgres } from '../../../src/store/connection/postgres.ts'
import { retrying } from '../../../src/store/connection/retrying.ts'
import { copyRows } from '../../../src/store/copy-binary.ts'
import type { Database } from '../../../src/store/database.ts'
import { countedLink } from '../../support/counted-link.ts'
import { newPostgresUrl } from '../../support/databases.ts'
import { fastWorld } from '../../support/fast-world.ts'

const url = await newPostgresUrl()
const open = (address: string): Database => {
  const db = openPostgres(address)
  after(() => db.close())
  return db
}
const db = open(url)

describe('openPostgres', () => {
  it('does not let a COPY wait for the acknowledgement of what came before it', async () => {
    await db.query('create table copied (n int)')
    const took: number[] = []
    for (let i = 0; i < 10; i++) {
      const begun = performance.now()
      await db.transaction((session) => session.copyIn('copied (n)', copyRows(['int'], [[i]])))
      took.push(performance.now() - begun)
    }
    // With Nagle's algorithm on, not one of them takes less than 80 ms.
    assert.ok(Math.min(...took) < 40, `the fastest of ten took ${Math.min(...took)} ms`)
    assert.deepEqual(await db.query('select count(*)::int as n from copied'), [{ n: 10 }])
  })

  it('lets the server keep the memory of one COPY for the next', async (t) => {
    await db.query('create table wide (text text)')
    const rows = Array.from({ length: 1000 }, () => ['x'.repeat(10_000)])
    const faultsOf = (pid: number): number =>
      Number(readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)!.split(' ')[7])
    const copied = (): Promise<number> =>
      db.transaction(async (session) => {
        const [row] = await session.query('select pg_backend_pid() as pid')
        const before = faultsOf(row!.pid)
        await session.copyIn('wide (text)', copyRows(['text'], rows))
        return faultsOf(row!.pid) - before
      })
    if (process.platform !== 'linux') return t.skip('only Linux counts the pages that a process had to ask for')
    const first = await copied()
    await copied()
    const third = await copied()
    assert.ok(third < first / 4, `the first COPY asked the system for ${first} pages of memory, the third for ${third}`)
  })

  it('leaves it to the server to end a transaction that stays idle after a COPY', async () => {
    await db.query('create table unended (n int)')
    // The COPY itself sets the time limit, so that none can strike before it.
    await db.query(`create function be_short() returns trigger language plpgsql as $$ begin
      perform set_config('idle_in_transaction_session_timeout', '100', true); return null; end $$`)
    await db.query('create trigger short after insert on unended execute function be_short()')
    const begun = Promise.withResolvers<number>()
    const stuck = db.transaction(async (session) => {
      const [row] = await session.query('select pg_backend_pid() as pid')
      await session.copyIn('unended (n)', copyRows(['int'], [[1]]))
      begun.resolve(row!.pid)
      return await new Promise<never>(() => {})
    })
    const over = assert.rejects(stuck)
    const pid = await Promise.race([begun.promise, stuck])
    const lives = async (): Promise<boolean> =>
      (await db.query('select from pg_stat_activity where pid = $1::int', [pid])).length > 0
    // Ends by the time limit of the test where the server waits for ever.
    while (await lives());
    await over
    assert.deepEqual(await db.query('select n from unended'), [])
  })

  it('does all of its work with as many connections as the server has to give', async () => {
    await db.query('create role crowded login connection limit 2')
    const few = new URL(url)
    few.username = 'crowded'
    const own = open(few.href)
    const pids = await Promise.all(
      Array.from({ length: 12 }, () =>
        own.transaction(
          async (session) => (await session.query('select pg_backend_pid() as pid, pg_sleep(0.05)'))[0]!.pid,
        ),
      ),
    )
    assert.equal(new Set(pids).size, 2)
    await own.close()
    // Where there is none at all, it is said.
    await db.query('alter role crowded connection limit 0')
    await assert.rejects(open(few.href).query('select 1'), { code: '53300' })
  })

  it('looks up over one connection, and over the same again, whatever else is done meanwhile', async () => {
    const own = open(url)
    const looked = async (): Promise<number> => (await own.lookUp('select pg_backend_pid() as pid'))[0]!.pid
    const written = (): Promise<number> =>
      own.transaction(
        async (session) => (await session.query('select pg_backend_pid() as pid, pg_sleep(0.01)'))[0]!.pid,
      )
    const writers = new Set<number>()
    const lookers = new Set<number>()
    for (let round = 0; round < 5; round++) {
      const writing = Promise.all([written(), written()])
      for (const pid of await Promise.all(Array.from({ length: 8 }, looked))) lookers.add(pid)
      for (const pid of await writing) writers.add(pid)
      for (const pid of await Promise.all([looked(), looked()])) lookers.add(pid)
    }
    assert.equal(lookers.size, 1)
    assert.equal(writers.size, 2)
    assert.ok(!writers.has([...lookers][0]!))
    await assert.rejects(own.lookUp('select pg_terminate_backend(pg_backend_pid())'))
    assert.notEqual(await looked(), [...lookers][0])
  })

  it('waits once for a statement, and for begin and commit not at all', async () => {
    const link = await countedLink(url)
    after(link.close)
    const own = open(link.url)
    await own.query('select 1')
    const waitsFor = async (work: () => Promise<unknown>): Promise<number> => {
      const before = link.roundTrips()
      await work()
      return link.roundTrips() - before
    }
    assert.equal(await waitsFor(() => own.query('select $1::int + $2::int as n', [1, 2])), 1)
    assert.equal(await waitsFor(() => own.transaction((session) => session.query('select $1::int', [1]))), 2)
    const leaving = own.transaction.bind(own, async (session) => {
      await session.query('select $1::text', ['a'])
      session.lastly('select $1::boolean', [true])
    })
    assert.equal(await waitsFor(leaving), 2)
  })

  it('hands on the error of what was left for the commit, and has undone everything', async () => {
    await db.query('create table undone (n int unique)')
    const work = (n: number) =>
      db.transaction(async (session) => {
        await session.query('insert into undone values ($1::int)', [n])
        session.lastly('insert into undone values ($1::int)', [7])
      })
    await assert.rejects(work(7), { code: '23505' })
    await work(8)
    assert.deepEqual(await db.query('select n from undone order by n'), [{ n: 7 }, { n: 8 }])
  })

  it('opens a new connection after one was cut', async () => {
    await assert.rejects(db.query('select pg_terminate_backend(pg_backend_pid())'))
    assert.deepEqual(await db.query('select 1 as one'), [{ one: 1 }])
  })

  it('ends a transaction whose connection was cut while it was idle, and takes no more from its work', async () => {
    const ended = Promise.withResolvers<void>()
    const late = Promise.withResolvers<unknown>()
    const cut = db.transaction(async (session) => {
      const [own] = await session.query('select pg_backend_pid() as pid')
      await open(url).query('select pg_terminate_backend($1::int)', [own!.pid])
      await ended.promise
      late.resolve(await session.query('select 1').catch((error: unknown) => error))
      throw new Error('the work has failed')
    })
    await assert.rejects(cut)
    ended.resolve()
    assert.equal((await late.promise) instanceof Error, true)
    assert.deepEqual(await db.query('select 1 as one'), [{ one: 1 }])
  })

  it('ends a transaction whose connection was cut while it waited, and all connections are good for more', async () => {
    const own = open(url)
    for (let i = 0; i < 8; i++)
      await assert.rejects(
        own.transaction((session) => session.query('select pg_terminate_backend(pg_backend_pid()), pg_sleep(60)')),
        { code: /57P01|CONNECTION_CLOSED/ },
      )
    // The package hands the old error to the first one that uses the connection again: it passes.
    const again = retrying(fastWorld(100))
    const answers = await Promise.all(
      Array.from({ length: 8 }, () => again(() => own.transaction((session) => session.query('select 1 as one')))),
    )
    assert.equal(answers.flat().length, 8)
    const left = await own.query(
      `select count(*)::int as n from pg_stat_activity where datname = current_database() and state like 'idle in %'`,
    )
    assert.deepEqual(left, [{ n: 0 }], 'no transaction was left open')
  })

  it('tries the next of several hosts', async () => {
    const { port, pathname } = new URL(url)
    const several = open(`postgres://postgres@127.0.0.1:1,127.0.0.1:${port}${pathname}`)
    assert.deepEqual(await several.query('select 1 as one'), [{ one: 1 }])
  })

  it('fails, and does not hang, as often as nothing listens there', async () => {
    const nowhere = open('postgres://postgres@127.0.0.1:1/x')
    for (let i = 0; i < 5; i++) await assert.rejects(nowhere.query('select 1'), { code: 'ECONNREFUSED' })
  })

  it('names whom it has waited for where nothing answers, at whatever point that is', async () => {
    const silent = createServer((socket) => socket.on('error', () => {}).resume())
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve))
    after(() => silent.close())
    const { port } = silent.address() as AddressInfo
    for (const mode of ['prefer', 'disable'])
      await assert.rejects(
        open(`postgres://x@127.0.0.1:${port}/x?connect_timeout=1&sslmode=${mode}`).query('select 1'),
        { code: 'CONNECT_TIMEOUT', message: `127.0.0.1:${port} did not answer within 1 s` },
        mode,
      )
  })

  it('throws an error of a COPY to whoever sent it, and the connection is good for more', async () => {
    await db.query('create table keyed (n int primary key)')
    const copy = (rows: number[]) =>
      db.transaction((session) =>
        session.copyIn(
          'keyed (n)',
          copyRows(
            ['int'],
            rows.map((n) => [n]),
          ),
        ),
      )
    await copy([1])
    await assert.rejects(copy([2, 1]), { code: '23505' })
    await assert.rejects(
      db.transaction((session) => session.copyIn('nowhere (n)', copyRows(['int'], [[1]]))),
      { code: '42P01' },
    )
    await copy([3])
    const rows = await db.query('select n from keyed order by 1')
    assert.deepEqual(
      rows.map(({ n }) => n),
      [1, 3],
    )
  })

  it('hands on what the source of the rows throws, and stores none of them', async () => {
    await db.query('create table half (n int)')
    const breaking = function* (): Generator<Uint8Array> {
      yield* copyRows(['int'], [[1]]).take(1)
      throw new Error('the rows broke off')
    }
    await assert.rejects(
      db.transaction((session) => session.copyIn('half (n)', breaking())),
      /the rows broke off|COPY/,
    )
    assert.deepEqual(await db.query('select * from half'), [])
  })
})
