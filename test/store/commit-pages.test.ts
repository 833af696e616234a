import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { describe, it } from 'node:test'
import { LeaseLostError } from '../../src/errors.ts'
import type { CarWrite } from '../../src/store/cars-sql.ts'
import {
  type CommitContext,
  commitPages,
  isCommitted,
  type PageCommit,
  type Reject,
} from '../../src/store/commit-pages.ts'
import type { Database, Session } from '../../src/store/database.ts'
import { takeLease } from '../../src/store/lease.ts'
import { readLedger } from '../../src/store/ledger.ts'
import { databaseKinds, newDatabase } from '../support/databases.ts'
import {
  type Begun,
  batchOf,
  begin,
  databaseError,
  failingAtCommit,
  fingerprintOf,
  newSource,
  pageOf,
  READ_AT,
  silence,
  withSession,
  writeOf,
} from './fixture.ts'

const ids = (count: number, prefix = 'car'): string[] =>
  Array.from({ length: count }, (_, i) => `${prefix}-${String(i).padStart(4, '0')}`)

const stored = async (db: Database, { source }: Begun): Promise<string[]> =>
  (await db.query('select source_id from cars where source = $1 order by 1', [source])).map((row) => row.source_id)

const logged = (db: Database, { source }: Begun) =>
  db.query(`select source_id, kind, changes::text as changes from car_changes where source = $1 order by id`, [source])

const rejected = (db: Database, { source }: Begun) =>
  db.query(
    `select source_id, reason, path, payload, segment, page, position from carsync.rejects where source = $1
     order by page, position`,
    [source],
  )

const reject = (position: number, members: Partial<Reject> = {}): Reject => ({
  position,
  sourceId: null,
  reason: 'id_missing',
  path: 'id',
  payload: '{"year":2019}',
  ...members,
})

/** What a later read of a stored car brings. */
const again = (sourceId: string, car: object, members: Partial<CarWrite> = {}): CarWrite =>
  writeOf(sourceId, car, { isNew: false, readAt: READ_AT + 1000, ...members })

for (const kind of databaseKinds) {
  const db = await newDatabase(kind)

  describe(`commitPages on ${kind}`, () => {
    it('stores cars, rejects and the ledger together, and answers what each page came to', async () => {
      const begun = await begin(db)
      const batch: PageCommit = {
        pages: [
          pageOf(1, ['a', 'b'], { rejects: [reject(2)], records: 3 }),
          pageOf(2, ['c', 'b'], { last: true, rejects: [reject(1, { sourceId: 'b', reason: 'too_deep', path: '' })] }),
        ],
        cars: [writeOf('a'), writeOf('c'), writeOf('b')],
        pageOf: new Map([
          ['a', 0],
          ['b', 0],
          ['c', 1],
        ]),
        drift: new Map(),
      }
      const result = await commitPages(db, begun.context, batch)
      assert.deepEqual(result.pages, [
        { inserted: 2, updated: 0, rejected: 1 },
        { inserted: 1, updated: 0, rejected: 1 },
      ])
      assert.deepEqual(await stored(db, begun), ['a', 'b', 'c'])
      assert.deepEqual(
        (await rejected(db, begun)).map(({ source_id, reason, page, position }) => [source_id, reason, page, position]),
        [
          [null, 'id_missing', 1, 2],
          ['b', 'too_deep', 2, 1],
        ],
      )
      const ledger = await readLedger(db, begun.runId)
      assert.deepEqual(
        ledger.sort((a, b) => a.page - b.page),
        [
          {
            sweep: 0,
            segment: 'all',
            pageSize: 10,
            page: 1,
            readAt: READ_AT,
            last: false,
            records: 3,
            inserted: 2,
            updated: 0,
            rejected: 1,
          },
          {
            sweep: 0,
            segment: 'all',
            pageSize: 10,
            page: 2,
            readAt: READ_AT,
            last: true,
            records: 2,
            inserted: 1,
            updated: 0,
            rejected: 1,
          },
        ],
      )
    })

    it('stores every field as it was read', async () => {
      const begun = await begin(db)
      const car = {
        make: 'Škoda "Auto"',
        price: '19900.50',
        mileage_km: 4_000_000_000,
        sale_date: Date.UTC(2026, 9, 9, 19),
        images: ['https://img.example/1.jpg', 'a,b"c\\d{e}'],
        flags: ['vin_malformed'],
      }
      await commitPages(db, begun.context, batchOf(1, [writeOf('a', car)]))
      const [row] = await db.query(
        `select make, price::text, mileage_km::text, (extract(epoch from sale_date) * 1000)::float8 as sale_date,
                to_jsonb(images)::text as images, to_jsonb(flags)::text as flags, raw->>'make' as raw,
                replace(fingerprint::text, '-', '') as fingerprint, reader::int, removed_at is null as present,
                (extract(epoch from read_at) * 1000)::float8 as read_at
         from cars where source = $1`,
        [begun.source],
      )
      assert.deepEqual(
        { ...row, images: JSON.parse(row!.images), flags: JSON.parse(row!.flags) },
        {
          ...car,
          mileage_km: '4000000000',
          raw: car.make,
          fingerprint: fingerprintOf(['a', car]),
          reader: 1,
          present: true,
          read_at: READ_AT,
        },
      )
    })

    it('writes nothing at all when one part of it fails', async () => {
      const begun = await begin(db)
      const batch = batchOf(1, [writeOf('a')], { rejects: [reject(1)] })
      await assert.rejects(commitPages(failingAtCommit(db, 'XX000'), begun.context, batch), { code: 'XX000' })
      assert.deepEqual(await stored(db, begun), [])
      assert.deepEqual(await rejected(db, begun), [])
      assert.deepEqual(await readLedger(db, begun.runId), [])
    })

    it('commits a page without cars', async () => {
      const begun = await begin(db)
      const { pages } = await commitPages(db, begun.context, batchOf(1, [], { last: true }))
      assert.deepEqual(pages, [{ inserted: 0, updated: 0, rejected: 0 }])
      assert.equal((await readLedger(db, begun.runId)).length, 1)
    })

    it('takes a car that was thought to be new, yet is stored, for a changed one', async () => {
      const begun = await begin(db)
      await commitPages(db, begun.context, batchOf(1, [writeOf('a')]))
      const batch = batchOf(2, [writeOf('a', { price: '1' }, { readAt: READ_AT + 1 }), writeOf('b')])
      const { pages } = await commitPages(db, begun.context, batch)
      assert.deepEqual(pages, [{ inserted: 1, updated: 1, rejected: 0 }])
      const [a] = await db.query(`select price::text from cars where source = $1 and source_id = 'a'`, [begun.source])
      assert.equal(a!.price, '1')
    })

    it('adds a car that was thought to be stored, yet is not', async () => {
      const begun = await begin(db)
      const { pages } = await commitPages(db, begun.context, batchOf(1, [again('a', {})]))
      assert.deepEqual(pages, [{ inserted: 1, updated: 0, rejected: 0 }])
      assert.deepEqual(await logged(db, begun), [])
    })

    it('never lets an older read overwrite a newer one', async () => {
      const begun = await begin(db)
      await commitPages(db, begun.context, batchOf(1, [writeOf('a', { price: '2' }, { readAt: READ_AT + 5000 })]))
      const { pages } = await commitPages(db, begun.context, batchOf(2, [again('a', { price: '1' })]))
      assert.deepEqual(pages, [{ inserted: 0, updated: 0, rejected: 0 }])
      const [a] = await db.query('select price::text from cars where source = $1', [begun.source])
      assert.equal(a!.price, '2')
      assert.deepEqual(await logged(db, begun), [])
    })

    it('leaves a car alone that another commit has stored just so meanwhile', async () => {
      const begun = await begin(db)
      await commitPages(db, begun.context, batchOf(1, [writeOf('a')]))
      const version = () => db.query('select xmin::text as version from cars where source = $1', [begun.source])
      const before = await version()
      for (const [i, isNew] of [true, false].entries()) {
        const result = await commitPages(db, begun.context, batchOf(2 + i, [again('a', {}, { isNew })]))
        const pages = [{ inserted: 0, updated: 0, rejected: 0 }]
        assert.deepEqual(result, { pages, repeated: isNew }, 'and says when it was taken for new')
      }
      assert.deepEqual(await version(), before)
    })

    it('leaves other sources alone, also where they have the same ids', async () => {
      const other = await begin(db)
      await commitPages(db, other.context, batchOf(1, [writeOf('a', { price: '5' })]))
      const begun = await begin(db)
      await commitPages(db, begun.context, batchOf(1, [writeOf('a')]))
      await commitPages(db, begun.context, batchOf(2, [again('a', { price: '6' })]))
      const rows = await db.query('select price::text from cars where source = $1', [other.source])
      assert.deepEqual(rows, [{ price: '5' }])
    })
  })

  describe(`the change log on ${kind}`, () => {
    /** Stores `before`, then commits `after`; answers what was logged and whether `changed_at` moved. */
    const change = async (before: object, after: object, members: Partial<CarWrite> = {}, removed = false) => {
      const begun = await begin(db)
      await commitPages(db, begun.context, batchOf(1, [writeOf('a', before)]))
      if (removed)
        await db.query(`update cars set removed_at = '2026-10-01T13:00:00Z' where source = $1`, [begun.source])
      const [was] = await db.query('select changed_at::text as at from cars where source = $1', [begun.source])
      const { pages } = await commitPages(db, begun.context, batchOf(2, [again('a', after, members)]))
      const [now] = await db.query(
        'select changed_at::text as at, removed_at is null as present, price::text, reader::int from cars where source = $1',
        [begun.source],
      )
      const rows = await logged(db, begun)
      return {
        changes: rows.map((row) => [row.kind, JSON.parse(row.changes)]),
        moved: was!.at !== now!.at,
        counted: pages[0]!.updated,
        now: now!,
      }
    }

    it('says price_changed, with both prices and whatever else changed', async () => {
      const { changes, moved, counted } = await change({}, { price: '18500', title: 'Audi Q5' })
      assert.deepEqual(changes, [
        ['price_changed', { price: { from: 19900, to: 18500 }, title: { from: '2019 Audi Q5', to: 'Audi Q5' } }],
      ])
      assert.equal(moved, true)
      assert.equal(counted, 1)
    })

    it('says sold, even when the price changed too', async () => {
      const { changes } = await change({}, { status: 'sold', price: '18500' })
      assert.deepEqual(changes, [
        ['sold', { status: { from: 'on_sale', to: 'sold' }, price: { from: 19900, to: 18500 } }],
      ])
    })

    it('says updated of anything else, also of what was sold before and still is', async () => {
      const { changes } = await change({ status: 'sold' }, { status: 'sold', mileage_km: null, images: ['x'] })
      assert.deepEqual(changes, [
        ['updated', { mileage_km: { from: 92_661, to: null }, images: { from: null, to: ['x'] } }],
      ])
    })

    it('says relisted of a car that was removed, even when it was sold or nothing else changed', async () => {
      const removedAt = { removed_at: { from: '2026-10-01T13:00:00+00:00', to: null } }
      const { changes, now, moved } = await change({}, {}, {}, true)
      assert.deepEqual(changes, [['relisted', removedAt]])
      assert.equal(now.present, true)
      assert.equal(moved, true)
      const sold = await change({}, { status: 'sold' }, {}, true)
      assert.deepEqual(sold.changes, [['relisted', { ...removedAt, status: { from: 'on_sale', to: 'sold' } }]])
    })

    it('says nothing when only raw changed, and changed_at stays', async () => {
      const { changes, moved, counted } = await change(
        {},
        {},
        {
          record: Buffer.from('{"new":true}'),
          fingerprint: fingerprintOf('new'),
        },
      )
      assert.deepEqual(changes, [])
      assert.equal(moved, false)
      assert.equal(counted, 1, 'the row was written all the same')
    })

    it('leaves a car alone, and unlocked, whose record says the same in another form', async () => {
      const begun = await begin(db)
      await commitPages(db, begun.context, batchOf(1, [writeOf('same'), writeOf('price'), writeOf('raw')]))
      const rowOf = async (sourceId: string) =>
        (
          await db.query('select xmin::text, xmax::text, raw::text from cars where source = $1 and source_id = $2', [
            begun.source,
            sourceId,
          ])
        )[0]
      const before = await rowOf('same')
      const asked: string[] = []
      const context: CommitContext = {
        ...begun.context,
        isSameRecord: (stored, record) => {
          const { id, form } = JSON.parse(Buffer.from(record).toString())
          asked.push(id)
          return JSON.parse(stored).id === id && form === 'other'
        },
      }
      const changed = (sourceId: string, fields: object, form: string): CarWrite =>
        again(sourceId, fields, {
          record: Buffer.from(JSON.stringify({ form, id: sourceId })),
          fingerprint: fingerprintOf(form + sourceId),
        })
      const cars = [changed('same', {}, 'other'), changed('price', { price: '1' }, 'other'), changed('raw', {}, 'new')]
      const { pages } = await commitPages(db, context, batchOf(2, cars))
      assert.deepEqual(asked.sort(), ['raw', 'same'], 'a column that changes tells enough')
      assert.equal(pages[0]!.updated, 2)
      assert.deepEqual(await rowOf('same'), before)
      assert.deepEqual(JSON.parse((await rowOf('raw'))!.raw), { form: 'new', id: 'raw' })
    })

    it('says nothing of a silent rewrite, though columns change', async () => {
      const { changes, moved, now } = await change({}, { price: '1' }, { silent: true })
      assert.deepEqual(changes, [])
      assert.equal(moved, false)
      assert.equal(now.price, '1')
    })

    it('says nothing of a price that is the same number in other digits', async () => {
      assert.deepEqual((await change({}, { price: '19900.00' })).changes, [])
    })

    it('says listed of new cars only after a complete sweep, by whichever way they are stored', async () => {
      const first = await begin(db)
      await commitPages(db, first.context, batchOf(1, [writeOf('a')]))
      assert.deepEqual(await logged(db, first), [])
      const later = { ...first.context, logListed: true }
      await commitPages(db, later, batchOf(2, [writeOf('b\'\\"{,}'), again('c', {})]))
      const rows = await logged(db, first)
      assert.deepEqual(rows.map((row) => [row.source_id, row.kind, row.changes]).sort(), [
        ['b\'\\"{,}', 'listed', '{}'],
        ['c', 'listed', '{}'],
      ])
    })
  })

  describe(`commitPages on ${kind}, when the database objects`, () => {
    const spoiled = (sourceId: string, members: Partial<CarWrite> = {}): CarWrite =>
      writeOf(sourceId, {}, { record: Buffer.from('{"broken":'), ...members })

    for (const isNew of [true, false])
      it(`keeps a ${isNew ? 'new' : 'changed'} car that it refuses as a reject, and stores all others`, async () => {
        const begun = await begin(db)
        const all = ids(25)
        if (!isNew)
          await commitPages(
            db,
            begun.context,
            batchOf(
              9,
              all.map((id) => writeOf(id)),
            ),
          )
        const bad = new Set([all[0], all[7], all[8], all[24]])
        const cars = all.map((id) =>
          bad.has(id)
            ? spoiled(id, { isNew, readAt: READ_AT + 1 })
            : writeOf(id, { price: '7' }, { isNew, readAt: READ_AT + 1 }),
        )
        const { pages } = await commitPages(db, begun.context, batchOf(1, cars))
        assert.deepEqual(pages, [{ inserted: isNew ? 21 : 0, updated: isNew ? 0 : 21, rejected: 4 }])
        const sevens = await db.query(`select source_id from cars where source = $1 and price = 7 order by 1`, [
          begun.source,
        ])
        assert.deepEqual(
          sevens.map((row) => row.source_id),
          all.filter((id) => !bad.has(id)),
        )
        const kept = await rejected(db, begun)
        assert.deepEqual(
          kept.map(({ source_id, position, payload, page }) => [source_id, position, payload, page]),
          [...bad].map((id) => [id, all.indexOf(id!), '{"broken":', 1]),
        )
        assert.match(kept[0]!.reason, /^database: .*json/)
      })

    it('finds the refused one also beside a new car that is stored already', async () => {
      const begun = await begin(db)
      await commitPages(db, begun.context, batchOf(1, [writeOf('a')]))
      const cars = [writeOf('a', { price: '3' }, { readAt: READ_AT + 1 }), writeOf('b'), spoiled('c'), again('d', {})]
      const { pages } = await commitPages(db, begun.context, batchOf(2, cars))
      assert.deepEqual(pages, [{ inserted: 2, updated: 1, rejected: 1 }])
      assert.deepEqual(await stored(db, begun), ['a', 'b', 'd'])
    })

    it('finds the one that only an index refuses, too', async () => {
      const begun = await begin(db)
      const vin = randomBytes(6000).toString('hex')
      for (const [page, isNew] of [true, false].entries()) {
        const [good, bad] = [writeOf(`good-${isNew}`, {}, { isNew }), writeOf(`bad-${isNew}`, { vin }, { isNew })]
        const { pages } = await commitPages(db, begun.context, batchOf(page, [good, bad]))
        assert.deepEqual(pages, [{ inserted: 1, updated: 0, rejected: 1 }])
      }
      assert.deepEqual(await stored(db, begun), ['good-false', 'good-true'])
    })

    it('takes fewer cars a statement when one takes too long', async () => {
      const begun = await begin(db)
      const sizes: number[] = []
      const slow = withSession(db, (session: Session) => ({
        copyIn: async (target, parts) => {
          const copies = Array.from(parts, (part) => Uint8Array.from(part))
          const bytes = copies.reduce((sum, part) => sum + part.byteLength, 0)
          sizes.push(bytes)
          if (bytes > 1200) throw databaseError('57014', 'canceling statement due to statement timeout')
          await session.copyIn(target, copies)
        },
      }))
      const all = ids(20)
      const { pages } = await commitPages(
        slow,
        begun.context,
        batchOf(
          1,
          all.map((id) => writeOf(id)),
        ),
      )
      assert.deepEqual(pages, [{ inserted: 20, updated: 0, rejected: 0 }])
      assert.deepEqual(await stored(db, begun), all)
      assert.ok(sizes.filter((size) => size > 1200).length <= 4, 'halves, and does not begin anew each time')
    })

    it('gives up when a single car takes too long', async () => {
      const begun = await begin(db)
      let tries = 0
      const slow = withSession(db, () => ({
        copyIn: () => {
          tries++
          return Promise.reject(databaseError('57014'))
        },
      }))
      const cars = ids(4).map((id) => writeOf(id))
      await assert.rejects(commitPages(slow, begun.context, batchOf(1, cars)), { code: '57014' })
      assert.equal(tries, 3, 'four, two, one')
      assert.deepEqual(await stored(db, begun), [])
    })

    it('throws any other error at once', async () => {
      const begun = await begin(db)
      let tries = 0
      const full = withSession(db, () => ({
        copyIn: () => {
          tries++
          return Promise.reject(databaseError('53100'))
        },
      }))
      await assert.rejects(commitPages(full, begun.context, batchOf(1, [writeOf('a')])), { code: '53100' })
      assert.equal(tries, 1)
    })

    it('keeps a reject that holds what Postgres cannot, repaired', async () => {
      const begun = await begin(db)
      const odd = reject(0, { sourceId: 'x', payload: '{"a":"\0 and \ud800"}', path: 'a\0', reason: 'odd\0' })
      await commitPages(db, begun.context, batchOf(1, [], { rejects: [odd] }))
      const [kept] = await rejected(db, begun)
      assert.equal(kept!.payload, '{"a":"\ufffd and \ufffd"}')
      assert.equal(kept!.path, 'a\ufffd')
    })
  })

  describe(`the fence on ${kind}`, () => {
    it('lets nothing be written once the lease went to another, and says to whom', async () => {
      const source = newSource()
      const begun = await begin(db, { source })
      await silence(db, source, 61_000)
      const taken = await takeLease(db, source, 'the other', 60_000)
      assert.equal(taken.kind, 'taken')
      const batch = batchOf(1, [writeOf('a')], { rejects: [reject(1)] })
      await assert.rejects(commitPages(db, begun.context, batch), (error: Error) => {
        assert.ok(error instanceof LeaseLostError)
        assert.equal(error.exitCode, 3)
        assert.match(error.message, /went to the other/)
        return true
      })
      assert.deepEqual(await stored(db, begun), [])
      assert.deepEqual(await rejected(db, begun), [])
      assert.deepEqual(await readLedger(db, begun.runId), [])
    })
  })

  describe(`isCommitted on ${kind}`, () => {
    it('tells a page that is in the ledger, with its counts, from one that is not', async () => {
      const begun = await begin(db)
      const batch = batchOf(1, [writeOf('a')], { rejects: [reject(1)] })
      assert.equal(await isCommitted(db, begun.runId, batch.pages[0]!), null)
      await commitPages(db, begun.context, batch)
      assert.deepEqual(await isCommitted(db, begun.runId, batch.pages[0]!), { inserted: 1, updated: 0, rejected: 1 })
      for (const other of [{ page: 2 }, { pageSize: 20 }, { segment: 'other' }, { sweep: 1 }])
        assert.equal(await isCommitted(db, begun.runId, { ...batch.pages[0]!, ...other }), null)
    })
  })
}
