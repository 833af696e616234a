/** Answers made to exhaust a process: none may, and each ends in a sentence. */
import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { describe, it } from 'node:test'
import { gzipSync } from 'node:zlib'
import { fetchPage } from '../src/fetch-page.ts'
import type { Outcome, Reply, SourcePage } from '../src/source/source.ts'
import { sources } from '../src/source/sources.ts'
import { realWorld } from '../src/world.ts'

const SOURCE = sources.auctionsapi
const ASK = { filter: {}, pageSize: 1000, page: 1 }
const TAIL = '],"links":{"next":null},"meta":{}}'

const replyOf = (body: string | Buffer): Reply => ({
  kind: 'reply',
  status: 200,
  headers: new Headers({ 'content-type': 'application/json' }),
  body: typeof body === 'string' ? Buffer.from(body) : body,
  sentAt: 0,
  receivedAt: 0,
})
const read = (body: string): Outcome<SourcePage> => SOURCE.readPage(replyOf(body), ASK)
const whyOf = (outcome: Outcome<SourcePage>): string => (outcome.kind === 'data' ? 'data' : outcome.why)

/** The only record of a page. */
const record = (text: string) => {
  const outcome = read(`{"data":[${text}${TAIL}`)
  assert.equal(outcome.kind, 'data', whyOf(outcome))
  const page = outcome.kind === 'data' ? outcome.data : assert.fail()
  return SOURCE.readRecord(page, page.records[0]!, 0)
}
const reasonOf = (text: string): string => {
  const reading = record(text)
  return reading.kind === 'rejected' ? reading.rejection.reason : 'car'
}
const MB = 1 << 20

describe('an answer that is made to exhaust', () => {
  it('by millions of records is not taken for a page', () => {
    const list = (n: number): string => `{"data":[${'{},'.repeat(n - 1)}{}${TAIL}`
    assert.match(whyOf(read(list(5_000_000))), /got a list of more than 50000 records/)
    const most = read(list(50_000))
    assert.equal(most.kind === 'data' && most.data.records.length, 50_000)
  })

  it('by millions of members around the list is not taken for a page', () => {
    const members = Array.from({ length: 1_000_000 }, (_, i) => `"k${i}":1`).join()
    assert.match(whyOf(read(`{${members},"data":[${TAIL}`)), /got more than 1 MB around `data`/)
    assert.match(whyOf(read(`{${members}}`)), /got an object without `data`/)
  })

  it('by the depth of a record costs that record only, at no cost of its own', () => {
    for (const [open, close] of [
      ['[', ']'],
      ['{"a":', '}'],
    ] as const) {
      const deep = `{"id":1,"x":${open.repeat(600_000)}1${close.repeat(600_000)}}`
      const before = process.memoryUsage().heapUsed
      assert.equal(reasonOf(deep), 'too_deep')
      assert.ok(process.memoryUsage().heapUsed - before < 64 * MB)
    }
  })

  it('by the size of a record costs that record only', () => {
    assert.equal(reasonOf(`{"id":1,"x":[${'{},'.repeat(2_000_000)}{}]}`), 'too_large')
    assert.equal(reasonOf(`{"id":1,"x":"${'y'.repeat(3 * MB)}"}`), 'car')
  })

  it('by the number of keys or the digits of a number is read', () => {
    const keys = Array.from({ length: 200_000 }, (_, i) => `"k${i}":${i}`).join()
    const reading = record(`{"id":1,${keys}}`)
    assert.equal(reading.kind, 'car')
    assert.ok(reading.drift.length > 0)
    assert.equal(reasonOf(`{"id":1,"x":${'9'.repeat(200_000)}}`), 'number_out_of_range')
    assert.equal(reasonOf('{"id":1,"bid":1e999999999}'), 'number_out_of_range')
  })

  it('by names that mean something to JavaScript changes no object', () => {
    const text =
      '{"id":1,"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}},"lots":[{"__proto__":{"polluted":1}}]}'
    const reading = record(text)
    assert.equal(reading.kind === 'car' && Buffer.from(reading.raw).toString(), text)
    assert.equal(({} as { polluted?: number }).polluted, undefined)
    assert.ok(SOURCE.isSameRecord(text, JSON.parse(text)))
    assert.ok(!SOURCE.isSameRecord(text, JSON.parse('{"id":1}')))
  })
})

describe('a body that is made to exhaust', () => {
  const bodies: Record<string, { encoding: string | null; body: Buffer }> = {
    'a bomb, packed': { encoding: 'gzip', body: gzipSync(Buffer.alloc(200 * MB)) },
    'a bomb, packed twice': { encoding: 'gzip, gzip', body: gzipSync(gzipSync(Buffer.alloc(200 * MB))) },
    'a large one': { encoding: null, body: Buffer.alloc(20 * MB) },
  }
  for (const [name, { encoding, body }] of Object.entries(bodies))
    it(`(${name}) is dropped at the limit`, async () => {
      const server = createServer((_request, response) => {
        response.writeHead(200, encoding === null ? {} : { 'content-encoding': encoding })
        response.end(body)
      })
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
      const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`
      const before = process.memoryUsage().arrayBuffers
      const answer = await fetchPage({ url, headers: {}, label: 'page 1' }, realWorld, {
        timeoutMs: 20_000,
        maxBytes: 4 * MB,
      })
      assert.equal(answer.kind === 'fault' && answer.reason, 'too-large')
      assert.ok(process.memoryUsage().arrayBuffers - before < 64 * MB)
      server.closeAllConnections()
      server.close()
    })
})
