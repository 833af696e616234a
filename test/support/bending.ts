/** Values as a source might send them by mistake or malice, and objects that are bent with them. */
import fc from 'fast-check'
import { anyCharacter } from './any-character.ts'

/** What fields hold in real life, and what they might. */
const telling: readonly unknown[] = [
  null,
  '',
  ' ',
  '0',
  '-0',
  '-1',
  'null',
  'NaN',
  'Infinity',
  '1e5',
  '1e999',
  `${'9'.repeat(400)}.${'9'.repeat(400)}e999`,
  '1'.repeat(401),
  '0x10',
  '8,200',
  '١٢٣',
  '\u0000',
  '\ud800',
  'A\u0000\udfff',
  '2026-02-30',
  '0000-00-00 00:00:00',
  '9999-12-31 24:61:61',
  '2026-09-09T19:37:39.123456789+15:59',
  'WVWZZZ1JZXW000001',
  '__proto__',
  0,
  -0,
  -1,
  0.1,
  1e21,
  1e308,
  5e-324,
  2 ** 53,
  2 ** 53 + 2,
  Number.MAX_SAFE_INTEGER,
  true,
  false,
  [],
  {},
  [[]],
  [null],
  { id: {} },
  { id: '1', name: ['x'] },
  { id: 1e300, name: -0 },
  JSON.parse('{"__proto__":{"id":1}}'),
]

/** Any JSON, and often what is known to be awkward. */
export const anyJson: fc.Arbitrary<unknown> = fc.oneof(
  { weight: 3, arbitrary: fc.constantFrom(...telling) },
  fc.string({ unit: anyCharacter, maxLength: 40 }),
  fc.string({ unit: fc.constantFrom(...'0123456789.eE+-: TZ/'), maxLength: 30 }),
  fc.double().map((each) => (Number.isFinite(each) ? each : null)),
  fc.jsonValue({ maxDepth: 4 }),
)

type Json = Record<string, unknown>

const bend = (root: unknown, path: readonly number[], value: unknown, remove: boolean): void => {
  let at = root
  for (const [depth, step] of path.entries()) {
    if (typeof at !== 'object' || at === null) return
    const keys = Object.keys(at)
    if (keys.length === 0) return
    const key = keys[step % keys.length]!
    const inner = (at as Json)[key]
    if (depth < path.length - 1 && typeof inner === 'object' && inner !== null) at = inner
    else {
      if (remove) delete (at as Json)[key]
      else (at as Json)[key] = value
      return
    }
  }
}

/** Copies of an object in which some members, at any depth, have another value or are gone. */
export const bendingOf = (whole: unknown, value: fc.Arbitrary<unknown> = anyJson): fc.Arbitrary<unknown> =>
  fc
    .array(fc.tuple(fc.array(fc.nat(60), { minLength: 1, maxLength: 6 }), value, fc.boolean()), { maxLength: 8 })
    .map((bends) => {
      const copy: unknown = structuredClone(whole)
      for (const [path, each, remove] of bends) bend(copy, path, structuredClone(each), remove)
      // As it would come out of a reply.
      return JSON.parse(JSON.stringify(copy)) as unknown
    })
