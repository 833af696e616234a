import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { isVolatile } from '../../src/car/volatile.ts'
import { fingerprintOf } from '../../src/source/fingerprint.ts'
import { anyCharacter } from '../support/any-character.ts'

const ofText = (text: string): string => fingerprintOf(Buffer.from(text))
const of = (value: unknown, space?: number): string => ofText(JSON.stringify(value, null, space))

const stamp = fc.oneof(
  fc.constantFrom(null, 0, -1.5e3, true, '', '2026-09-09 19:37:39', '2026-09-09T19:37:39.000000Z', 'a"b\\', '},{"x":'),
  fc.string({ unit: anyCharacter }),
)
const key = fc.oneof(
  fc.constantFrom('id', 'updated_at', 'bid_updated_at', 'notupdated_at', 'a"updated_at', 'a"_updated_at', 'x\\', 'é'),
  fc.string(),
)
const { record } = fc.letrec<{ record: unknown }>((tie) => ({
  record: fc.oneof(
    { maxDepth: 4 },
    fc.oneof(stamp, fc.integer(), fc.constant('x updated_at":1,')),
    fc.array(tie('record'), { maxLength: 4 }),
    fc.array(fc.tuple(key, tie('record')), { maxLength: 6 }).map((entries) => Object.fromEntries(entries)),
  ),
}))

const isScalar = (value: unknown): boolean => typeof value !== 'object' || value === null

/** What the fingerprint stands for: the record without volatile members. */
const lasting = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(lasting)
  if (isScalar(value)) return value
  const kept = Object.entries(value as object).filter(([name, inner]) => !isVolatile(name) || !isScalar(inner))
  return Object.fromEntries(kept.map(([name, inner]) => [name, lasting(inner)]))
}

/** The same record with other stamps; `next` gives them. */
const restamped = (value: unknown, next: () => unknown): unknown => {
  if (Array.isArray(value)) return value.map((inner) => restamped(inner, next))
  if (isScalar(value)) return value
  const entries = Object.entries(value as object)
  return Object.fromEntries(
    entries.map(([name, inner]) => [name, isVolatile(name) && isScalar(inner) ? next() : restamped(inner, next)]),
  )
}

describe('isVolatile', () => {
  it('knows updated_at and everything that ends in _updated_at', () => {
    for (const name of ['updated_at', 'bid_updated_at', '_updated_at']) assert.ok(isVolatile(name), name)
    for (const name of ['notupdated_at', 'updated_at_', 'created_at', 'Updated_at']) assert.ok(!isVolatile(name), name)
  })
})

describe('fingerprintOf', () => {
  it('is 32 hex digits, the first half of a SHA-256', () => {
    // From `printf '{"id":1}' | sha256sum`.
    assert.equal(ofText('{"id":1}'), '037c9214eef74cc3887f3a4f085b4e17')
  })

  it('is that of the bytes read as latin1, as it was stored', () => {
    // From `printf '{"a":"\xc3\x83\xc2\xa9"}' | sha256sum`: the two bytes of an é, each as a character of its own.
    assert.equal(ofText('{"a":"é"}'), 'cfd5cba71c78b4e4f2e893b70beecb4a')
    assert.equal(ofText('{"updated_at":"é","a":"é"}'), 'cfd5cba71c78b4e4f2e893b70beecb4a')
  })

  it('is that of a record larger than any before', () => {
    for (const length of [100_000, 2_000_000, 50]) {
      const text = 'a'.repeat(length)
      assert.equal(of({ a: text, updated_at: 1 }), of({ a: text }))
    }
  })

  it('does not move with the stamps of the re-crawl (trap 6)', () => {
    const lot = (at: unknown) => ({
      id: 1,
      lots: [{ bid: 5, bid_updated_at: at, updated_at: at, tags: [] }],
      updated_at: at,
    })
    const first = of(lot('2026-09-09T19:37:39.000000Z'))
    for (const at of ['2026-09-10 01:02:03', null, 1757446659, false, '']) assert.equal(of(lot(at)), first)
    assert.notEqual(of({ ...lot(null), id: 2 }), first)
  })

  it('drops the member with its comma, wherever it stands', () => {
    const bare = of({ a: 1 })
    for (const value of [
      { updated_at: 1, a: 1 },
      { a: 1, updated_at: 1 },
      { x_updated_at: '', updated_at: 1, a: 1 },
      { a: 1, x_updated_at: null, updated_at: 1 },
      { updated_at: 1, a: 1, x_updated_at: 2 },
    ])
      assert.equal(of(value), bare, JSON.stringify(value))
    assert.equal(of({ updated_at: 1 }), of({}))
    assert.equal(ofText('{"updated_at" : 1 , "a":1}'), ofText('{"updated_at":"b" , "a":1}'))
  })

  it('is not fooled by text', () => {
    assert.notEqual(of({ a: 'updated_at":1' }), of({ a: 'updated_at":2' }))
    assert.notEqual(of({ a: 'updated_at', b: 1 }), of({ a: 'updated_at', b: 2 }))
    assert.notEqual(of({ 'a"updated_at': 1 }), of({ 'a"updated_at': 2 }))
    assert.equal(of({ 'a"_updated_at': 1 }), of({ 'a"_updated_at': 2 }))
    assert.equal(of({ updated_at: '","a":"' }), of({ updated_at: '\\"' }))
  })

  it('keeps a stamp that is an object, which is no stamp', () => {
    assert.notEqual(of({ updated_at: { date: 1 } }), of({ updated_at: { date: 2 } }))
  })

  it('does not move with stamps and moves with everything else', () => {
    fc.assert(
      fc.property(record, record, fc.array(stamp, { minLength: 1 }), fc.constantFrom(0, 2), (a, b, stamps, space) => {
        let at = 0
        const other = restamped(a, () => stamps[at++ % stamps.length])
        assert.equal(of(other, space), of(a, space))
        const same = JSON.stringify(lasting(a)) === JSON.stringify(lasting(b))
        if (space === 0) assert.equal(of(a) === of(b), same)
      }),
      { numRuns: 500 },
    )
  })

  it('drops the one comma that goes with a stamp, wherever other stamps and white space stand', () => {
    const [stamped, plain] = ['"updated_at":1', '"a":2']
    const alike: [string, string][] = [
      [`{${stamped}}`, '{}'],
      [`{ ${stamped} }`, '{ }'],
      [`{${plain} , ${stamped}}`, `{${plain} }`],
      [`{${plain},\n${stamped},\t${stamped} }`, `{${plain}}`],
      [`{${stamped},${stamped} ,${plain}}`, `{${plain}}`],
      [`{${plain},${stamped},"b":[{${stamped}},{ ${stamped}, ${stamped}}]}`, `{${plain},"b":[{},{  }]}`],
      [`{"b":[1, 2 ,{${plain}, ${stamped}}, {${stamped}}]}`, `{"b":[1, 2 ,{${plain}}, {}]}`],
    ]
    for (const [one, other] of alike) assert.equal(ofText(one), ofText(other), one)
    // Written down once: what is stored compares with it for ever.
    assert.equal(ofText(alike[5]![0]), 'cea2b0c383436103c8474e3fac57ff32')
  })

  it('neither throws nor hangs on any text', () => {
    const piece = fc.constantFrom('updated_at"', ':', '"', '\\', '_', '{', '}', ',', ' ', '1', 'a', '\u00e9')
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 60 }), (pieces) => {
        assert.equal(ofText(pieces.join('')).length, 32)
      }),
    )
    assert.equal(ofText(`{"updated_at":"${'\\'.repeat(100_000)}`).length, 32)
  })
})
