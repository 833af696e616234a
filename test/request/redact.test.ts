import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { redactOf } from '../../src/request/redact.ts'
import { anyCharacter } from '../support/any-character.ts'

const KEY = 'sk/live+51H8"aZk29=='
const bytesOf = (redact: ReturnType<typeof redactOf>, text: string): string => {
  const bytes = Buffer.from(text)
  redact.bytes(bytes)
  return bytes.toString()
}

describe('redactOf', () => {
  const redact = redactOf(KEY)

  it('strikes the key out of a text, however it is written', () => {
    const base64 = Buffer.from(KEY).toString('base64')
    for (const written of [KEY, encodeURIComponent(KEY), JSON.stringify(KEY), 'sk\\/live+51H8\\"aZk29==', base64]) {
      const text = redact.text(`Wrong key ${written}, and again ${written}.`)
      assert.ok(!text.includes('51H8'), text)
      assert.ok(!text.includes(base64), text)
      assert.match(text, /^Wrong key .?\*\*\*.?, and again .?\*\*\*.?\.$/)
    }
  })

  it('strikes it out of bytes in place, and leaves JSON as long and as valid as it was', () => {
    const record = { id: 1, title: `Audi ${KEY}`, url: `https://x.example/?k=${encodeURIComponent(KEY)}`, price: 5 }
    const given = JSON.stringify({ data: [record, record] })
    const left = bytesOf(redact, given)
    assert.equal(left.length, given.length)
    assert.ok(!left.includes('51H8'))
    const { data } = JSON.parse(left) as { data: (typeof record)[] }
    assert.deepEqual(
      data.map(({ id, price }) => [id, price]),
      [
        [1, 5],
        [1, 5],
      ],
    )
    assert.match(data[0]!.title, /^Audi \*+$/)
  })

  it('leaves records alone where the key is so short that it may be a word', () => {
    assert.equal(bytesOf(redactOf('demo'), '{"title":"demo car"}'), '{"title":"demo car"}')
    assert.equal(redactOf('demo').text('Wrong key demo'), 'Wrong key ***')
  })

  it('strikes it out of credentials, addresses of any case, and headers', () => {
    const basic = (text: string): string => Buffer.from(text).toString('base64')
    for (const before of ['', 'a:', 'ab:', 'user:', 'x-token:']) {
      const left = redact.text(`Basic ${basic(`${before}${KEY}:`)}`)
      assert.ok(left.includes('***') && left.length < 24, left)
      assert.ok(!redact.text(Buffer.from(`${before}${KEY}`).toString('base64url')).includes('NTFIO'))
    }
    const lower = encodeURIComponent(KEY).replace(/%[\dA-F]{2}/g, (code) => code.toLowerCase())
    assert.equal(redact.text(`?k=${lower}&x=1`), '?k=***&x=1')
    const headers = redact.headers(new Headers({ ratelimit: `"${KEY.replace('"', '')}";r=1`, 'x-key': KEY }))
    assert.equal(headers.get('x-key'), '***')
    assert.equal(headers.get('x-other'), null)
  })

  it('seeks a key without the blanks around it, which are not sent', () => {
    const blank = redactOf(` ${KEY}\n`)
    assert.equal(blank.text(`Wrong key ${KEY}.`), 'Wrong key ***.')
    assert.equal(bytesOf(blank, `"${KEY}"`), `"${'*'.repeat(KEY.length)}"`)
    assert.equal(redactOf(' \n').text('a b'), 'a b')
  })

  it('leaves a number a number, and comes to an end with a key of stars', () => {
    const digits = redactOf('123456789012')
    assert.deepEqual(JSON.parse(bytesOf(digits, '{"key":123456789012}')), { key: 999999999999 })
    const stars = '*'.repeat(12)
    assert.equal(bytesOf(redactOf(stars), `"${stars}${stars}"`), `"${stars}${stars}"`)
    assert.equal(bytesOf(redactOf('999999999999'), '999999999999'), '999999999999')
  })

  it('changes nothing where there is no key', () => {
    for (const none of [redactOf(null), redactOf('')]) {
      assert.equal(none.text('abc'), 'abc')
      assert.equal(bytesOf(none, 'abc'), 'abc')
    }
  })

  it('leaves no key behind and nothing else changed, whatever stands around it', () => {
    // Blanks around a key are not sent, and nothing but blanks is no key.
    const key = fc.string({ minLength: 12, maxLength: 40 }).filter((text) => text.trim().length >= 12)
    fc.assert(
      fc.property(key, fc.array(fc.string({ unit: anyCharacter }), { maxLength: 5 }), (secret, around) => {
        const given = around.join(secret)
        const strike = redactOf(secret)
        const left = bytesOf(strike, given)
        assert.equal(Buffer.from(left).length, Buffer.from(given.toWellFormed()).length)
        if (secret.isWellFormed()) assert.ok(!left.includes(secret))
        if (!/\*/.test(secret)) assert.ok(!strike.text(given).includes(secret))
      }),
    )
  })
})
