import assert from 'node:assert/strict'
import { Buffer } from 'node:buffer'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import type { ColumnType, Value } from '../../src/store/binary-writer.ts'
import { copyRows } from '../../src/store/copy-binary.ts'
import { textArray } from '../../src/store/database.ts'
import { anyCharacter } from '../support/any-character.ts'
import { databaseKinds, newDatabase } from '../support/databases.ts'

/** What Postgres can hold: no NUL, no lone surrogates. */
const text = fc.string({ unit: anyCharacter, maxLength: 30 }).map((given) => given.replaceAll('\0', ' '))
const awkward = fc.constantFrom(
  '',
  ' ',
  'null',
  'NULL',
  '{',
  '}',
  ',',
  '"',
  '\\',
  '\\"',
  "'",
  '{a,"b"}',
  '\n',
  'ü',
  '🚗',
)
const texts = fc.array(fc.oneof(awkward, text), { maxLength: 6 })

const digits = (most: number) => fc.string({ unit: fc.constantFrom(...'0123456789'), minLength: 1, maxLength: most })
const numeric = fc.oneof(
  fc.constantFrom(
    '0',
    '-0',
    '0.0',
    '0.00',
    '-0.00',
    '1',
    '-1',
    '9999',
    '10000',
    '99999999',
    '0.1',
    '0.0001',
    '0.00001',
  ),
  fc.constantFrom('10000.0001', '100000000', '1000000000000', '-12345678901234567890.123456789', '00012.50', '0.10000'),
  fc
    .tuple(fc.boolean(), digits(25), fc.option(digits(20)))
    .map(([negative, whole, fraction]) => `${negative ? '-' : ''}${whole}${fraction === null ? '' : `.${fraction}`}`),
)
/** 4713 BC to 294276 AD are Postgres's; these are a year within JavaScript's and its. */
const instant = fc.oneof(
  fc.integer({ min: Date.UTC(-4000), max: Date.UTC(9999) }),
  fc.constantFrom(0, -1, 1, 946_684_800_000, 946_684_799_999, Date.UTC(2026, 9, 1) + 0.25),
)
const int = fc.oneof(fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }), fc.constantFrom(-(2 ** 31), 2 ** 31 - 1))
const bigint = fc.oneof(fc.maxSafeInteger(), fc.constantFrom(Number.MAX_SAFE_INTEGER, Number.MIN_SAFE_INTEGER))
const smallint = fc.integer({ min: -32_768, max: 32_767 })
const json = fc.jsonValue({ maxDepth: 3, stringUnit: 'grapheme' })
const hex = fc.string({ unit: fc.constantFrom(...'0123456789abcdef'), minLength: 32, maxLength: 32 })

const jsonText = (value: unknown): string => JSON.stringify(value).replaceAll('\\u0000', '')

type Row = [
  string | null,
  number | null,
  number | null,
  number | null,
  string | null,
  number | null,
  string[] | null,
  string | null,
  string | null,
  boolean | null,
]
const TYPES: ColumnType[] = [
  'text',
  'int',
  'smallint',
  'bigint',
  'numeric',
  'timestamptz',
  'text[]',
  'jsonb',
  'uuid',
  'boolean',
]
const row: fc.Arbitrary<Row> = fc.tuple(
  fc.option(fc.oneof(awkward, text)),
  fc.option(int),
  fc.option(smallint),
  fc.option(bigint),
  fc.option(numeric),
  fc.option(instant),
  fc.option(texts),
  fc.option(json.map(jsonText)),
  fc.option(hex),
  fc.option(fc.boolean()),
)

const COLUMNS = 'a text, b int, c smallint, d bigint, e numeric, f timestamptz, g text[], h jsonb, i uuid, j boolean'
const LETTERS = 'abcdefghij'.split('')

const binary = ([a, b, c, d, e, f, g, h, i, j]: Row): Value[] => [
  a,
  b,
  c,
  d,
  e,
  f,
  g,
  h === null ? null : Buffer.from(h),
  i,
  j,
]

/** The same row through parameters that are text, which is Postgres's own reading of it. */
const spelled = ([a, b, c, d, e, f, g, h, i, j]: Row) => [
  a,
  b,
  c,
  d === null ? null : String(d),
  e,
  f === null ? null : String(f),
  g === null ? null : textArray(g),
  h,
  i,
  j,
]
const SPELLED = `$1::text, $2::int, $3::smallint, $4::text::bigint, $5::text::numeric,
  timestamptz 'epoch' + $6::text::numeric * interval '1 ms', $7::text::text[], $8::text::jsonb, $9::text::uuid, $10::boolean`

const ROWS_A_BATCH = 40

for (const kind of databaseKinds) {
  const db = await newDatabase(kind)
  await db.query(`create table copied (n int, ${COLUMNS})`)
  await db.query(`create table said (n int, ${COLUMNS})`)

  describe(`rows copied into ${kind} in the binary format`, () => {
    it('are what Postgres makes of the same values as text, for every type', async () => {
      await fc.assert(
        fc.asyncProperty(fc.array(row, { minLength: ROWS_A_BATCH, maxLength: ROWS_A_BATCH }), async (rows) => {
          await db.query('truncate copied, said')
          await db.transaction(async (session) => {
            const numbered = rows.map((values, n): Value[] => [n, ...binary(values)])
            await session.copyIn(`copied (n, ${LETTERS.join(', ')})`, copyRows(['int', ...TYPES], numbered))
            for (const [n, values] of rows.entries())
              await session.query(`insert into said values (${n}, ${SPELLED})`, spelled(values))
          })
          // Compared as text: 1.0 and 1.00 are equal to Postgres, but not the same figure.
          const same = LETTERS.map((letter) => `x.${letter}::text is not distinct from y.${letter}::text`)
          const differing = await db.query(
            `select n, to_jsonb(x) as copied, to_jsonb(y) as said from copied x full join said y using (n)
             where not coalesce(${same.join(' and ')}, false)`,
          )
          assert.deepEqual(differing, [])
          const [counted] = await db.query('select count(*)::int as n from copied')
          assert.equal(counted!.n, rows.length)
        }),
        { numRuns: 10 },
      )
    })

    it('arrive whole when they take many parts, wherever a part ends', async () => {
      await db.query('truncate copied')
      const rows = Array.from({ length: 3000 }, (_, n): Value[] => [
        n,
        ...binary([
          'x'.repeat(200 + (n % 97)),
          n,
          1,
          n,
          '1.5',
          0,
          ['a', 'b'],
          `{"n":${n}}`,
          n.toString(16).padStart(32, '0'),
          true,
        ]),
      ])
      await db.transaction((session) =>
        session.copyIn(`copied (n, ${LETTERS.join(', ')})`, copyRows(['int', ...TYPES], rows)),
      )
      const [found] = await db.query(
        `select count(*)::int as n, count(distinct i)::int as ids,
                (count(*) filter (where length(a) = 200 + n % 97 and b = n and (h->>'n')::int = n))::int as whole from copied`,
      )
      assert.deepEqual(found, { n: 3000, ids: 3000, whole: 3000 })
    })

    it('may be larger than a part, one by one', async () => {
      await db.query('truncate copied')
      const long = 'ü'.repeat(700_000)
      const images = Array.from({ length: 9000 }, (_, i) => `https://img.example/${i}/${'y'.repeat(50)}`)
      const rows = [0, 1].map((n): Value[] => [
        n,
        ...binary([long, n, 1, n, '1', 0, images, JSON.stringify(long), null, false]),
      ])
      await db.transaction((session) =>
        session.copyIn(`copied (n, ${LETTERS.join(', ')})`, copyRows(['int', ...TYPES], rows)),
      )
      const found = await db.query(
        `select length(a) as length, cardinality(g) as items, g[9000] as last, length(h#>>'{}') as json from copied`,
      )
      const expected = { length: 700_000, items: 9000, last: images.at(-1), json: 700_000 }
      assert.deepEqual(found, [expected, expected])
    })

    it('may be none', async () => {
      await db.query('truncate copied')
      await db.transaction((session) => session.copyIn('copied (n)', copyRows(['int'], [])))
      assert.deepEqual(await db.query('select * from copied'), [])
    })
  })
}
