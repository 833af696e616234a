import assert from 'node:assert/strict'
import { Buffer } from 'node:buffer'
import { describe, it } from 'node:test'
import { examinePages, type ReadPage, saysWhatIsStored } from '../../src/commit/examine-pages.ts'
import { auctionsApi } from '../../src/source/auctions-api.ts'
import type { Source } from '../../src/source/source.ts'
import type { CarWrite } from '../../src/store/cars-sql.ts'
import type { Known } from '../../src/store/known-cars.ts'
import type { Store } from '../../src/store/store.ts'
import { dataOf, listing, READ_AT, recordWith, reply } from '../source/fixture.ts'

type Question = Parameters<Store['knownCars']>[0]
type Stored = { record: unknown; reader?: number; removed?: boolean; rawless?: boolean }

const ASK = { filter: {}, pageSize: 50, page: 1 }

const pageOf = (records: readonly unknown[], members: Partial<ReadPage> = {}): ReadPage => ({
  sweep: 0,
  segment: 'all',
  pageSize: 50,
  page: 1,
  readAt: READ_AT,
  content: dataOf(auctionsApi.readPage(reply(listing(records)), ASK)),
  ...members,
})

const recordOf = (write: CarWrite): { id: number; year: number } => JSON.parse(Buffer.from(write.record).toString())

/** A store that knows these cars, by id, as the look-up of the real one tells them. */
const storeOf = (cars: Readonly<Record<string, Stored>> = {}) => {
  const questions: Question[] = []
  const knownCars = async (question: Question): Promise<Known[]> => {
    questions.push(question)
    return question.records.flatMap(({ sourceId, fingerprint }, index): Known[] => {
      const stored = cars[sourceId]
      if (!stored) return [{ index, kind: 'new' }]
      const { record, reader = 1, removed = false, rawless = false } = stored
      const same = pageOf([record]).content.records[0]!.fingerprint === fingerprint
      if (same && reader === question.reader && !removed && !(rawless && question.wantRaw)) return []
      const isGiven = !same && !rawless && reader !== question.reader
      return [{ index, kind: 'stored', reader, removed, same, raw: isGiven ? JSON.stringify(record) : null }]
    })
  }
  return { knownCars, questions }
}

const car = (id: number, members: Record<string, unknown> = {}) => recordWith({ id, ...members })
const examine = (pages: readonly ReadPage[], store = storeOf(), wantRaw = true, source: Source = auctionsApi) =>
  examinePages(source, store, pages, wantRaw)

describe('examinePages', () => {
  it('reads new records as cars, with the page and place they stood on', async () => {
    const { batch, broken } = await examine([pageOf([car(1), car(2)]), pageOf([car(3)], { page: 2 })])
    assert.deepEqual(broken, [])
    assert.deepEqual(
      batch.cars.map(({ sourceId, isNew, silent, readAt }) => [sourceId, isNew, silent, readAt]),
      [1, 2, 3].map((id) => [String(id), true, false, READ_AT]),
    )
    assert.deepEqual(
      [...batch.pageOf],
      [
        ['1', 0],
        ['2', 0],
        ['3', 1],
      ],
    )
    const [first, second] = batch.pages
    assert.deepEqual(first!.ids, ['1', '2'])
    assert.equal(first!.positions.get('2'), 1)
    assert.equal(first!.last, true)
    assert.equal(second!.page, 2)
    assert.ok(Buffer.from(batch.cars[0]!.fields).includes('Audi'))
    assert.equal(recordOf(batch.cars[1]!).id, 2)
  })

  it('asks the database once for all pages, with the version of the reader', async () => {
    const store = storeOf()
    await examine([pageOf([car(1)]), pageOf([car(2)])], store)
    assert.equal(store.questions.length, 1)
    assert.equal(store.questions[0]!.reader, auctionsApi.readerVersion)
    assert.deepEqual(
      store.questions[0]!.records.map(({ sourceId }) => sourceId),
      ['1', '2'],
    )
  })

  it('writes nothing for records that are stored just so, yet enters their ids', async () => {
    const { batch } = await examine([pageOf([car(1)])], storeOf({ 1: { record: car(1) } }))
    assert.deepEqual(batch.cars, [])
    assert.deepEqual(batch.pages[0]!.ids, ['1'])
    assert.equal(batch.pages[0]!.records, 1)
  })

  it('never parses a record that is stored just so', async () => {
    const strict: Source = { ...auctionsApi, readRecord: () => assert.fail('it was read') }
    await examine([pageOf([car(1)])], storeOf({ 1: { record: car(1) } }), true, strict)
  })

  it('writes a record that may say something else; what only looks different is told when it is written', async () => {
    const { year, ...rest } = car(2) as { year: number }
    const reordered = { ...rest, year }
    const { batch } = await examine(
      [pageOf([car(1, { year: 2020 }), reordered])],
      storeOf({ 1: { record: car(1) }, 2: { record: car(2) } }),
    )
    assert.deepEqual(
      batch.cars.map(({ sourceId, isNew, silent }) => [sourceId, isNew, silent]),
      [
        ['1', false, false],
        ['2', false, false],
      ],
    )
    const [, written] = batch.cars
    assert.ok(saysWhatIsStored(auctionsApi)(JSON.stringify(car(2)), written!.record))
    assert.ok(!saysWhatIsStored(auctionsApi)(JSON.stringify(car(1)), written!.record))
  })

  it('writes silently what a newer reader reads anew from the same record', async () => {
    const stored = storeOf({ 1: { record: car(1), reader: 0 }, 2: { record: car(2), reader: 0 } })
    const { batch } = await examine([pageOf([car(1), car(2, { year: 2001 })])], stored)
    assert.deepEqual(
      batch.cars.map(({ sourceId, silent }) => [sourceId, silent]),
      [
        ['1', true],
        ['2', false],
      ],
    )
  })

  it('writes silently what a newer reader reads anew, also where raw is not kept', async () => {
    const stored = storeOf({ 1: { record: car(1), reader: 0, rawless: true } })
    const { batch } = await examine([pageOf([car(1)])], stored, false)
    assert.deepEqual(
      batch.cars.map(({ silent, keepsRaw }) => [silent, keepsRaw]),
      [[true, false]],
    )
  })

  it('adds a missing raw silently', async () => {
    const { batch } = await examine([pageOf([car(1)])], storeOf({ 1: { record: car(1), rawless: true } }))
    assert.deepEqual(
      batch.cars.map(({ silent, keepsRaw }) => [silent, keepsRaw]),
      [[true, true]],
    )
  })

  it('writes a car that had been removed aloud, though its record is the same', async () => {
    const { batch } = await examine([pageOf([car(1)])], storeOf({ 1: { record: car(1), removed: true } }))
    assert.deepEqual(
      batch.cars.map(({ isNew, silent }) => [isNew, silent]),
      [[false, false]],
    )
  })

  it('keeps no raw where it is not wanted', async () => {
    const { batch } = await examine([pageOf([car(1)])], storeOf(), false)
    assert.equal(batch.cars[0]!.keepsRaw, false)
  })

  it('takes of several reads of a car the latest, and on one page the last', async () => {
    const early = pageOf([car(1, { year: 2001 }), car(2, { year: 2002 }), car(2, { year: 2003 })])
    const late = pageOf([car(1, { year: 2011 })], { page: 2, readAt: READ_AT + 1000 })
    for (const pages of [
      [early, late],
      [late, early],
    ]) {
      const { batch } = await examine(pages)
      const years = new Map(batch.cars.map((write) => [write.sourceId, recordOf(write).year]))
      assert.deepEqual([years.get('1'), years.get('2'), batch.cars.length], [2011, 2003, 2])
      assert.equal(batch.pageOf.get('1'), pages.indexOf(late))
      assert.deepEqual(batch.pages[pages.indexOf(early)]!.ids, ['1', '2', '2'])
    }
  })

  it('keeps records that are no cars as rejects, with reason, place and payload', async () => {
    const deep = `${'['.repeat(600)}${']'.repeat(600)}`
    const text = `{"data":[${JSON.stringify(car(1))},{"year":2019},7,{"id":9,"deep":${deep}}],"links":{"next":null},"meta":{"current_page":1,"per_page":50}}`
    const content = dataOf(auctionsApi.readPage(reply(text), ASK))
    const { batch } = await examine([{ ...pageOf([]), content }])
    assert.deepEqual(
      batch.cars.map(({ sourceId }) => sourceId),
      ['1'],
    )
    const { rejects, records, ids } = batch.pages[0]!
    assert.equal(records, 4)
    assert.deepEqual(ids, ['1', '9'])
    assert.deepEqual(rejects.map(({ position, sourceId, reason, path }) => [position, sourceId, reason, path]).sort(), [
      [1, null, 'id_missing', 'id'],
      [2, null, 'not_an_object', ''],
      [3, '9', 'too_deep', ''],
    ])
    assert.equal(rejects.find(({ position }) => position === 1)!.payload, '{"year":2019}')
  })

  it('leaves out a page whose records are not JSON after all, names it, and goes on with the others', async () => {
    const text = `{"data":[${JSON.stringify(car(1))},{"id":2,"year":20x9}],"links":{"next":null},"meta":{"current_page":1,"per_page":50}}`
    const bad: ReadPage = { ...pageOf([]), page: 7, content: dataOf(auctionsApi.readPage(reply(text), ASK)) }
    const good = pageOf([car(1), car(3)], { page: 8 })
    const { batch, broken } = await examine([bad, good])
    assert.equal(broken.length, 1)
    assert.equal(broken[0]!.page, bad)
    assert.match(broken[0]!.why, /^a record is not JSON: /)
    assert.deepEqual(
      batch.pages.map(({ page }) => page),
      [8],
    )
    assert.deepEqual(batch.cars.map(({ sourceId }) => sourceId).sort(), ['1', '3'])
    assert.equal(batch.pageOf.get('1'), 0)
  })

  it('does not hide an error of another kind', async () => {
    const odd: Source = {
      ...auctionsApi,
      readRecord: () => {
        throw new TypeError('a bug')
      },
    }
    await assert.rejects(examine([pageOf([car(1)])], storeOf(), true, odd), /a bug/)
  })

  it('counts what is not as known over the records that are parsed, once a record', async () => {
    const foo = { foo: 1 }
    const pages = [pageOf([car(1, foo), car(2, foo), car(3)]), pageOf([{ ...foo, year: 'x' }, 7], { page: 2 })]
    const { batch } = await examine(pages, storeOf({ 2: { record: car(2, foo) } }))
    assert.deepEqual(Object.fromEntries(batch.drift), { 'foo: new key': 2, 'year: string, was number': 1 })
  })

  it('does not count twice where a page is left out', async () => {
    const text = `{"data":[{"id":2,"year":20x9}],"links":{"next":null},"meta":{"current_page":1,"per_page":50}}`
    const bad: ReadPage = { ...pageOf([]), content: dataOf(auctionsApi.readPage(reply(text), ASK)) }
    const { batch } = await examine([pageOf([car(1, { foo: 1 })]), bad])
    assert.deepEqual(Object.fromEntries(batch.drift), { 'foo: new key': 1 })
  })

  it('examines nothing where nothing came', async () => {
    const { batch, broken } = await examine([])
    assert.deepEqual([batch.pages, batch.cars, broken], [[], [], []])
  })
})
