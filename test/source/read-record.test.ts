import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { readPage } from '../../src/source/auctions-api/read-page.ts'
import { auctionsApi } from '../../src/source/auctions-api.ts'
import type { Reading } from '../../src/source/source.ts'
import { anyCharacter } from '../support/any-character.ts'
import { dataOf, listing, lotWith, NO_SAMPLES, READ_AT, recordWith, reply, sample } from './fixture.ts'

const { readRecord } = auctionsApi

const ask = { filter: {}, page: 1, pageSize: 50 }

/** The first record of a page that has this text, or these bytes, in its list. */
const read = (record: string | Buffer): Reading => {
  const [head, tail] = [Buffer.from('{"data":['), Buffer.from('],"links":{"next":null}}')]
  const page = dataOf(readPage(reply(Buffer.concat([head, Buffer.from(record), tail])), ask))
  return readRecord(page, page.records[0]!, READ_AT)
}

const carOf = (record: string | Buffer): Extract<Reading, { kind: 'car' }> => {
  const reading = read(record)
  return reading.kind === 'car' ? reading : assert.fail(`${reading.rejection.reason}`)
}

const rejectionOf = (record: string): unknown[] => {
  const reading = read(record)
  if (reading.kind === 'car') assert.fail('a car')
  assert.equal(reading.payload, record)
  return [reading.sourceId, reading.rejection.reason, reading.rejection.path]
}

const rawText = (reading: { raw: Uint8Array }): string => Buffer.from(reading.raw).toString()

describe('readRecord', () => {
  it('gives the record as a car, with its own bytes and no copy of them', () => {
    const page = dataOf(readPage(reply(listing([recordWith()])), ask))
    const reading = readRecord(page, page.records[0]!, READ_AT)
    if (reading.kind !== 'car') assert.fail(reading.rejection.reason)
    assert.deepEqual([reading.sourceId, reading.car.make, reading.car.flags], ['1001', 'Audi', []])
    assert.equal(reading.raw.buffer, page.bytes.buffer)
    assert.deepEqual(JSON.parse(rawText(reading)), recordWith())
  })

  it('keeps every character beyond ASCII', () => {
    const { car, raw } = carOf('{"id":1,"title":"성능 😀 \\uc131\\ud83d\\ude00 \u2028"}')
    assert.deepEqual([car.title, car.flags], ['성능 😀 성😀 \u2028', []])
    assert.equal(rawText({ raw }), '{"id":1,"title":"성능 😀 \\uc131\\ud83d\\ude00 \u2028"}')
  })

  it('repairs what jsonb refuses, in text and keys, and says so', () => {
    for (const unfit of ['\\u0000', '\\ud800', '\\uDFFF']) {
      const { car, raw } = carOf(`{"id":1,"title":"a${unfit}","k${unfit}":"${unfit}"}`)
      assert.deepEqual([car.title, car.flags], ['a\ufffd', ['text_repaired']])
      assert.deepEqual(JSON.parse(rawText({ raw })), { id: 1, title: 'a\ufffd', 'k\ufffd': '\ufffd' })
    }
    assert.deepEqual(carOf('{"id":1,"title":"\\\\u0000"}').car.flags, [])
  })

  it('flags the records whose bytes were no UTF-8, and no others', () => {
    const broken = Buffer.from('{"id":1,"title":"?"},{"id":2,"title":"b"}')
    broken[broken.indexOf('?')] = 0xe9
    const body = Buffer.concat([Buffer.from('{"links":{"next":null},"data":['), broken, Buffer.from(']}')])
    const page = dataOf(readPage(reply(body), ask))
    const [one, two] = page.records.map((record) => readRecord(page, record, READ_AT))
    assert.deepEqual(one?.kind === 'car' && [one.car.title, one.car.flags], ['\ufffd', ['text_repaired']])
    assert.deepEqual(two?.kind === 'car' && two.car.flags, [])
    assert.deepEqual(carOf('{"id":1,"title":"\ufffd"}').car.flags, [])
  })

  it('rejects what is no car, with reason and place', () => {
    for (const record of ['null', '5', '"x"', '[1]', 'true'])
      assert.deepEqual(rejectionOf(record), [null, 'not_an_object', ''])
    for (const record of ['{}', '{"id":null}', '{"id":""}', '{"lots":[{"id":1}]}'])
      assert.deepEqual(rejectionOf(record), [null, 'id_missing', 'id'])
    for (const record of ['{"id":1.5}', '{"id":true}', '{"id":[1]}', `{"id":"${'x'.repeat(201)}"}`])
      assert.deepEqual(rejectionOf(record), [null, 'id_malformed', 'id'])
  })

  it('rejects what jsonb cannot hold', () => {
    assert.deepEqual(rejectionOf('{"id":1,"bid":1e400000}'), ['1', 'number_out_of_range', ''])
    const deep = `{"id":1,"x":${'['.repeat(600)}${']'.repeat(600)}}`
    assert.deepEqual(rejectionOf(deep), ['1', 'too_deep', ''])
    const held = carOf('{"id":1,"lots":[{"bid":1e400}]}').car
    assert.deepEqual([held.bid, held.flags], [null, ['bid_implausible']])
  })

  it('takes ids exactly, above 2^53 too', () => {
    assert.equal(carOf('{"id":9007199254740993}').sourceId, '9007199254740993')
    assert.equal(carOf('{"year":2016,"id":9007199254740993}').sourceId, '9007199254740993')
  })

  it('takes __proto__, constructor and repeated keys for data', () => {
    const text = '{"id":1,"__proto__":{"year":2016,"title":"x"},"constructor":5,"color":"a","color":"b"}'
    const { car, raw } = carOf(text)
    assert.deepEqual([car.year, car.title, car.color], [null, null, 'b'])
    assert.equal(rawText({ raw }), text)
    assert.equal(({} as { year?: unknown }).year, undefined)
  })

  it('throws SyntaxError where the bytes are not JSON', () => {
    for (const record of ['{"id":1,}', '{"id":1 "a":2}', 'nonsense', '{"id":01}', '{"id":1,"a":"\n"}'])
      assert.throws(() => read(record), SyntaxError, record)
  })

  it('shows the lot that is on sale (trap 10)', () => {
    const lots = [lotWith({ id: 2, lot: 'b', status: { id: 6 } }), lotWith({ id: 1, lot: 'a' })]
    const { car } = carOf(JSON.stringify(recordWith({ lots })))
    assert.deepEqual([car.lot_number, car.status], ['a', 'on_sale'])
  })

  it('gives raw text that jsonb takes, for any record', () => {
    const member = fc.tuple(fc.string({ unit: anyCharacter }), fc.jsonValue({ stringUnit: anyCharacter }))
    fc.assert(
      fc.property(fc.array(member), (members) => {
        const { raw } = carOf(`{"id":1,"x":${JSON.stringify(Object.fromEntries(members))}}`)
        JSON.parse(rawText({ raw }), (key, value) => {
          for (const text of [key, value])
            if (typeof text === 'string') assert.ok(text.isWellFormed() && !text.includes('\0'))
          return value
        })
      }),
    )
  })

  it('reads real records', (test) => {
    const pages = ['lsc/copart_cars_page1.trimmed.json', 'lsc/iaai_cars_page1.trimmed.json'].map(sample)
    const encar = sample('korauto/lot39919953.json')
    if (!encar || !pages[0] || !pages[1]) return test.skip(NO_SAMPLES)
    for (const body of pages) {
      const page = dataOf(readPage(reply(body ?? ''), ask))
      for (const record of page.records) {
        const reading = readRecord(page, record, READ_AT)
        if (reading.kind !== 'car') assert.fail(reading.rejection.reason)
        const { make, model, year, images, site, status, flags } = reading.car
        assert.ok(make && model && year && images && site && status !== 'unknown')
        // The samples' VINs are masked.
        assert.deepEqual(flags, ['vin_malformed'])
      }
    }
    const { car } = carOf(JSON.stringify(JSON.parse(encar.toString()).data))
    assert.deepEqual(
      [car.site, car.country, car.currency, car.status, car.fuel],
      ['encar_com', 'KR', 'USD', 'on_sale', 'diesel'],
    )
    assert.deepEqual([car.engine_cc, car.seats, car.price, car.drive], [1999, 5, '7221', null])
    assert.ok(car.trim && car.images && car.images.length > 1)
  })
})
