import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { type Cut, cutRecords } from '../../src/source/cut-records.ts'
import { anyCharacter } from '../support/any-character.ts'
import { listing, NO_SAMPLES, recordWith, sample } from './fixture.ts'

const cut = (text: string): Cut => cutRecords(Buffer.from(text))

const whyOf = (text: string): string => {
  const result = cut(text)
  return result.kind === 'broken' ? result.why : assert.fail(`cut: ${result.envelope}`)
}

/** The page put together again from its pieces. */
const parsed = (bytes: Buffer): { data: unknown[]; envelope: Record<string, unknown> } => {
  const result = cutRecords(bytes)
  if (result.kind === 'broken') assert.fail(result.why)
  const data = result.bounds.map(({ start, end }) => JSON.parse(bytes.toString('utf8', start, end)))
  return { data, envelope: JSON.parse(result.envelope) }
}

const assertAgrees = (bytes: Buffer): void => {
  const whole = JSON.parse(bytes.toString())
  const { data, envelope } = parsed(bytes)
  assert.deepEqual(data, whole.data)
  assert.deepEqual(envelope, { ...whole, data: [] })
}

describe('cutRecords', () => {
  it('cuts a page as the API sends it', () => {
    assertAgrees(Buffer.from(JSON.stringify(listing([recordWith(), recordWith({ id: 2, lots: [] })]))))
    assertAgrees(Buffer.from(JSON.stringify(listing([]))))
  })

  it('agrees with JSON.parse on any page, laid out and ordered in any way', () => {
    const key = fc.oneof(fc.string(), fc.constantFrom('links', 'meta', 'dat', 'data '))
    const member = fc.tuple(key, fc.jsonValue({ stringUnit: anyCharacter }))
    const members = fc.uniqueArray(member, { maxLength: 4, selector: ([name]) => name })
    const data = fc.array(fc.jsonValue({ stringUnit: anyCharacter }), { maxLength: 5 })
    fc.assert(
      fc.property(members, data, fc.nat(), fc.constantFrom(0, 2, '\t', ' \r\n'), (others, records, at, space) => {
        const entries = others.filter(([name]) => name !== 'data' && name !== '__proto__')
        entries.splice(at % (entries.length + 1), 0, ['data', records])
        assertAgrees(Buffer.from(JSON.stringify(Object.fromEntries(entries), null, space)))
      }),
      { numRuns: 300 },
    )
  })

  it('looks for `data` at the root only, under any spelling', () => {
    assertAgrees(Buffer.from('{"links":{"data":[9],"next":null},"s":"\\"data\\":[8]","data":[{"data":[7]},[["]}"]]]}'))
    assert.deepEqual(parsed(Buffer.from('{"d\\u0061ta":[1]}')).data, [1])
  })

  it('says what came instead (trap 9)', () => {
    const cases: [string, RegExp][] = [
      ['', /empty body/],
      [' \n', /empty body/],
      ['<html>', /not a JSON object/],
      ['[{"id":1}]', /not a JSON object/],
      ['null', /not a JSON object/],
      ['{}', /without `data`/],
      ['{"message":"Server Error"}', /`message`/],
      ['{"error":"no"}', /`error`/],
      ['{"data":{"id":1}}', /not a list/],
      ['{"data":null}', /not a list/],
      ['{"data":[],"data":[1]}', /two members/],
      ['{"data":[]} {', /after its end/],
      ['{"data":[1,]}', /cut off or broken/],
      ['{"data":[1 2]}', /cut off or broken/],
      ['{"data" [1]}', /cut off or broken/],
      ['{data:[1]}', /cut off or broken/],
      ['{"data":[1],}', /cut off or broken/],
    ]
    for (const [text, why] of cases) assert.match(whyOf(text), why, text)
  })

  it('takes no page that was cut off', () => {
    const bytes = Buffer.from(JSON.stringify(listing([recordWith(), 'a"]}'], { next: 'http://x' }), null, 1))
    for (let length = 0; length < bytes.length; length++)
      assert.equal(cutRecords(bytes.subarray(0, length)).kind, 'broken', `${length} bytes`)
  })

  it('cuts a record of any depth out, so that it cannot spoil its page', () => {
    const deep = '['.repeat(100_000) + ']'.repeat(100_000)
    const { data } = parsed(Buffer.from(`{"data":[1,${deep},2]}`))
    assert.deepEqual([data.length, data[0], data[2]], [3, 1, 2])
  })

  it('neither throws nor hangs on any bytes', () => {
    const piece = fc.constantFrom(
      '{',
      '}',
      '[',
      ']',
      '"',
      '\\',
      ',',
      ':',
      ' ',
      '"data":',
      '"data":[',
      '1',
      'é',
      '{"id":',
    )
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 40 }), (pieces) => void cut(pieces.join(''))),
      { numRuns: 1000 },
    )
    fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => void cutRecords(Buffer.from(bytes))))
  })

  it('takes nothing for a page whose pieces parse unless the whole parses', () => {
    const piece = fc.constantFrom(
      '{',
      '}',
      '[',
      ']',
      '"',
      ',',
      ':',
      ' ',
      '"data":',
      '{"data":[',
      ']}',
      '1',
      '"a":',
      '{}',
    )
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 14 }), (pieces) => {
        const bytes = Buffer.from(pieces.join(''))
        try {
          parsed(bytes)
        } catch {
          return
        }
        assert.doesNotThrow(() => JSON.parse(bytes.toString()))
      }),
      { numRuns: 2000 },
    )
  })

  it('cuts real pages', (test) => {
    for (const path of ['lsc/copart_cars_page1.trimmed.json', 'lsc/iaai_cars_page1.trimmed.json']) {
      const bytes = sample(path)
      if (bytes) assertAgrees(bytes)
      else test.skip(NO_SAMPLES)
    }
  })
})
