import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import postgres, { type Sql, type TransactionSql } from 'postgres'
import { LeaseLostError } from '../../src/errors.ts'
import type { Session } from '../../src/store/database.ts'
import { assertFence, beat, type Lease, type LeaseAnswer, releaseLease, takeLease } from '../../src/store/lease.ts'
import { databaseKinds, newDatabase, newPostgresUrl } from '../support/databases.ts'
import { newSource, silence } from './fixture.ts'

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

const taken = (answer: LeaseAnswer): Lease => {
  assert.equal(answer.kind, 'taken')
  return (answer as LeaseAnswer & { kind: 'taken' }).lease
}

const held = (answer: LeaseAnswer): LeaseAnswer & { kind: 'held' } => {
  assert.equal(answer.kind, 'held')
  return answer as LeaseAnswer & { kind: 'held' }
}

for (const kind of databaseKinds) {
  const db = await newDatabase(kind)
  const fenced = (lease: Lease): Promise<void> => db.transaction((session) => assertFence(session, lease))

  describe(`the lease on ${kind}`, () => {
    it('is taken when nobody has it, and tells the time of the database', async () => {
      const before = Date.now()
      const answer = await takeLease(db, newSource(), 'me', 30_000)
      assert.deepEqual(taken(answer).holder, 'me')
      assert.equal(taken(answer).lengthMs, 30_000)
      assert.ok(answer.kind === 'taken')
      // It is on this machine.
      assert.ok(answer.databaseNow >= before - 1 && answer.databaseNow <= Date.now() + 1)
      await fenced(taken(answer))
    })

    it('is held by one, who is named with the time since when and until when', async () => {
      const source = newSource()
      const before = Date.now()
      taken(await takeLease(db, source, 'me', 30_000))
      const { holder, since, heartbeatAt, expiresAt } = held(await takeLease(db, source, 'you', 1))
      assert.equal(holder, 'me')
      assert.ok(since >= before - 1 && since <= Date.now() + 1)
      assert.ok(Math.abs(expiresAt - heartbeatAt - 30_000) < 1, 'by the length that the holder stored')
    })

    it('is not taken again by a holder of the same name', async () => {
      const source = newSource()
      taken(await takeLease(db, source, 'me', 30_000))
      held(await takeLease(db, source, 'me', 30_000))
    })

    it('of one source says nothing about another', async () => {
      taken(await takeLease(db, newSource(), 'me', 30_000))
      taken(await takeLease(db, newSource(), 'you', 30_000))
    })

    it('is free when it is given back, and its fence goes up', async () => {
      const source = newSource()
      const first = taken(await takeLease(db, source, 'me', 30_000))
      await releaseLease(db, first)
      await assert.rejects(fenced(first), /went to nobody/)
      const second = taken(await takeLease(db, source, 'me', 30_000))
      assert.equal(second.fence, first.fence + 1)
      await assert.rejects(fenced(first), LeaseLostError, 'the same name, but not the same fence')
      await fenced(second)
    })

    it('is not given back by one who does not have it any more', async () => {
      const source = newSource()
      const first = taken(await takeLease(db, source, 'me', 30_000))
      await silence(db, source, 31_000)
      const second = taken(await takeLease(db, source, 'you', 30_000))
      await releaseLease(db, first)
      await fenced(second)
      assert.equal(held(await takeLease(db, source, 'third', 1)).holder, 'you')
    })

    it('expires when its holder is silent for its length, and then its beats count no more', async () => {
      const source = newSource()
      const first = taken(await takeLease(db, source, 'me', 30_000))
      await silence(db, source, 25_000)
      held(await takeLease(db, source, 'you', 1))
      await silence(db, source, 30_001)
      const second = taken(await takeLease(db, source, 'you', 60_000))
      assert.equal(await beat(db, first), false)
      assert.equal(await beat(db, second), true)
      await assert.rejects(fenced(first), /"source_\d+" went to you/)
      await silence(db, source, 35_000)
      held(await takeLease(db, source, 'me', 1))
    })

    it('expires by the clock of the database', async () => {
      const source = newSource()
      taken(await takeLease(db, source, 'me', 20))
      await sleep(40)
      taken(await takeLease(db, source, 'you', 30_000))
    })

    it('lives on with every beat', async () => {
      const source = newSource()
      const lease = taken(await takeLease(db, source, 'me', 30_000))
      await silence(db, source, 25_000)
      const silent = held(await takeLease(db, source, 'you', 1)).heartbeatAt
      assert.equal(await beat(db, lease), true)
      const { heartbeatAt, expiresAt } = held(await takeLease(db, source, 'you', 1))
      assert.ok(heartbeatAt >= silent + 24_000)
      assert.ok(Math.abs(expiresAt - heartbeatAt - 30_000) < 1)
    })

    it('is still its silent holder’s as long as nobody took it', async () => {
      const source = newSource()
      const lease = taken(await takeLease(db, source, 'me', 30_000))
      await silence(db, source, 31_000)
      await fenced(lease)
      assert.equal(await beat(db, lease), true)
    })

    it('is not there for a source that was never leased', async () => {
      await assert.rejects(fenced({ source: 'never', fence: 0, holder: '', lengthMs: 1000 }), LeaseLostError)
    })
  })
}

describe('a take-over on postgres', async () => {
  const db = await newDatabase('postgres')

  it('waits for a commit of the former holder that is under way, and the next one fails', async () => {
    const source = newSource()
    const first = taken(await takeLease(db, source, 'me', 30_000))
    const order: string[] = []
    let finish = (): void => {}
    const mayFinish = new Promise<void>((resolve) => {
      finish = resolve
    })
    let begun = (): void => {}
    const hasBegun = new Promise<void>((resolve) => {
      begun = resolve
    })
    const commit = db.transaction(async (session) => {
      await assertFence(session, first)
      begun()
      await mayFinish
      await session.query('select 1')
      order.push('committed')
    })
    await hasBegun
    await silence(db, source, 31_000)
    const takeover = takeLease(db, source, 'you', 30_000).then((answer) => {
      order.push('taken over')
      return answer
    })
    await sleep(60)
    assert.deepEqual(order, [], 'it waits')
    finish()
    await commit
    taken(await takeover)
    assert.deepEqual(order, ['committed', 'taken over'])
    await assert.rejects(
      db.transaction((session) => assertFence(session, first)),
      LeaseLostError,
    )
  })

  it('is not blocked for hours by a holder whose machine has vanished: the server looks for it', async () => {
    const lease = taken(await takeLease(db, newSource(), 'me', 30_000))
    const probing = `select current_setting('tcp_keepalives_idle')::int + current_setting('tcp_keepalives_interval')::int
      * current_setting('tcp_keepalives_count')::int as after_s, current_setting('tcp_user_timeout') as unheard`
    // What the socket itself is set to.
    const [within] = await db.transaction(async (session) => {
      await assertFence(session, lease)
      return session.query(probing)
    })
    assert.ok(within!.after_s <= 30, `${within!.after_s} s`)
    assert.equal(within!.unheard, '25000')
    const [outside] = await db.query(probing)
    assert.ok(outside!.after_s > 30, 'the connection is left as it was')
  })

  it('has the server compile nothing, for a stage of which it has no statistics', async () => {
    const lease = taken(await takeLease(db, newSource(), 'me', 30_000))
    const [within] = await db.transaction(async (session) => {
      await assertFence(session, lease)
      return session.query(`select current_setting('jit') as jit`)
    })
    assert.equal(within!.jit, 'off')
  })

  it('is not blocked for ever by a holder that was stopped in the middle of a commit', async () => {
    const source = newSource()
    const first = taken(await takeLease(db, source, 'me', 100))
    let begun = (): void => {}
    const hasBegun = new Promise<void>((resolve) => {
      begun = resolve
    })
    const stuck = db.transaction(async (session) => {
      await assertFence(session, first)
      begun()
      await sleep(400)
      await session.query('select 1')
    })
    stuck.catch(() => {})
    await hasBegun
    taken(
      await takeLease(db, source, 'you', 30_000).then(async (answer) => {
        if (answer.kind === 'taken') return answer
        await sleep(150)
        return takeLease(db, source, 'you', 30_000)
      }),
    )
    await assert.rejects(stuck, 'the server has cut it off')
  })

  /** A holder of a connection of its own that stops within its transaction, after `then`. Resolves once it has. */
  const stopped = async (
    source: string,
    lengthMs: number,
    then: (sql: TransactionSql) => Promise<void>,
  ): Promise<{ sql: Sql; stuck: Promise<unknown> }> => {
    const first = taken(await takeLease(db, source, 'me', lengthMs))
    const url = await newPostgresUrl()
    const [{ name }] = (await db.query('select current_database() as name')) as [{ name: string }]
    const sql = postgres(Object.assign(new URL(url), { pathname: `/${name}` }).href, { max: 1, onnotice: () => {} })
    const stops = Promise.withResolvers<void>()
    const stuck = sql.begin(async (session) => {
      const query: Session['query'] = async (statement, params = []) => [
        ...(await session.unsafe(statement, [...params], { prepare: false })),
      ]
      // Sent in one go: were they apart, a short lease could end between them.
      await Promise.all([assertFence({ query } as Session, first), then(session)])
      stops.resolve()
      await new Promise(() => {})
    })
    stuck.catch(() => {})
    await Promise.race([stops.promise, stuck])
    return { sql, stuck }
  }

  it('is not blocked for ever by a holder that was stopped in the middle of a COPY', async () => {
    const source = newSource()
    const { sql, stuck } = await stopped(source, 30_000, async (session) => {
      await session.unsafe('create temp table half (n int)')
      const rows = await session.unsafe('copy half from stdin').writable()
      rows.on('error', () => {})
      rows.write('1\n')
    })
    const lookingOn = held(await takeLease(db, source, 'you', 1))
    assert.equal(lookingOn.holder, 'me', 'it does not wait for ever to hear who has it')
    await silence(db, source, 31_000)
    taken(await takeLease(db, source, 'you', 30_000))
    await assert.rejects(stuck)
    await sql.end({ timeout: 0 })
  })

  it('is not blocked for ever by a holder that was stopped in mid-transaction where the server does not see to it', async () => {
    const source = newSource()
    const { sql, stuck } = await stopped(source, 50, async (session) => {
      await session.unsafe(`set local idle_in_transaction_session_timeout = 0`)
    })
    await silence(db, source, 31_000)
    // A server that has to wait for a commit answers after a second.
    const answer = await takeLease(db, source, 'you', 30_000)
    taken(answer.kind === 'taken' ? answer : await takeLease(db, source, 'you', 30_000))
    await assert.rejects(stuck)
    await sql.end({ timeout: 0 })
  })
})
