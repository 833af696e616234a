import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { readPresence } from '../../../src/source/auctions-api/read-presence.ts'
import { dataOf, recordWith, reply } from '../fixture.ts'

describe('readPresence', () => {
  it('finds the car that was asked for, by number or text', () => {
    assert.equal(dataOf(readPresence(reply({ data: recordWith() }), '1001')), true)
    assert.equal(dataOf(readPresence(reply({ data: { id: '1001' } }), '1001')), true)
  })

  it('knows it by the id that the listing gave it, in an answer laid out in any way', () => {
    const bodies = [
      ['{"data":{"id":90071992547409930001}}', '90071992547409930001'],
      ['\ufeff { "meta": {"data": 1}, "data": { "x": {"id": 2}, "id" : "a\\u0000\\ud800" } }', 'a\ufffd\ufffd'],
    ] as const
    for (const [body, id] of bodies) assert.equal(dataOf(readPresence(reply(body), id)), true, body)
    assert.equal(readPresence(reply('{"data":{"id":90071992547409930001}}'), '90071992547409930002').kind, 'retry')
  })

  it('believes that a car is gone only where the API says so in JSON', () => {
    const message = JSON.stringify({ message: 'No query results' })
    assert.equal(dataOf(readPresence(reply(message, 404), '1001')), false)
    assert.equal(dataOf(readPresence(reply(message, 410), '1001')), false)
    assert.equal(readPresence(reply('<html>Not Found</html>', 404), '1001').kind, 'stop')
    assert.equal(readPresence(reply('', 404), '1001').kind, 'stop')
    assert.equal(readPresence(reply('[]', 404), '1001').kind, 'stop')
    assert.equal(readPresence(reply({ data: recordWith() }, 404), '1001').kind, 'stop', 'it has the car')
  })

  it('takes neither an error nor another car for an answer', () => {
    assert.equal(readPresence(reply({ message: 'x' }), '1001').kind, 'retry')
    assert.equal(readPresence(reply({ data: recordWith() }), '1002').kind, 'retry')
    assert.equal(readPresence(reply({ data: [] }), '1001').kind, 'retry')
    assert.equal(readPresence(reply({ data: null }), '1001').kind, 'retry')
    assert.equal(readPresence(reply('', 500), '1001').kind, 'retry')
    assert.equal(readPresence(reply('', 429), '1001').kind, 'slow-down')
    assert.equal(readPresence(reply('', 401), '1001').kind, 'stop')
  })

  it('takes nothing for an id that is neither text nor number, however it is made', () => {
    const ids = ['{"toString":1,"valueOf":1}', '["1001"]', '{}', 'true', `${'['.repeat(100_000)}${']'.repeat(100_000)}`]
    for (const id of ids)
      assert.equal(readPresence(reply(`{"data":{"id":${id}}}`), '1001').kind, 'retry', id.slice(0, 40))
  })

  it('parses no answer that is larger than any car', () => {
    const body = (size: number): string => `{"data":{"id":1001,"x":"${'y'.repeat(size)}"}}`
    assert.equal(dataOf(readPresence(reply(body(1 << 20)), '1001')), true)
    assert.equal(readPresence(reply(body(9 << 20)), '1001').kind, 'retry')
  })

  it('never throws', () => {
    fc.assert(
      fc.property(
        fc.jsonValue(),
        fc.constantFrom(200, 404, 500),
        (body, status) => void readPresence(reply(JSON.stringify(body), status), '1'),
      ),
    )
  })
})
