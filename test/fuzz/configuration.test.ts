/** Settings as somebody might get them wrong: a value, or an error that says so and repeats no secret. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { ConfigError } from '../../src/errors.ts'
import { OPTIONS, resolveOptions } from '../../src/options.ts'
import { parseAddress } from '../../src/store/connection/postgres-address.ts'
import { anyCharacter } from '../support/any-character.ts'
import { anyJson } from '../support/bending.ts'

const RUNS = Number(process.env.FUZZ_RUNS ?? 1)
const NAMES = Object.keys(OPTIONS)
const ENV = Object.values(OPTIONS).flatMap((row) => ('env' in row ? [...row.env] : []))

const awkward = fc.oneof(
  anyJson,
  fc.constantFrom(Object.create(null), { toString: 1 }, Symbol('x'), () => 1, [Object.create(null)], Number.NaN, 1n),
)

describe('settings that are wrong', () => {
  it('are refused by a configuration error, or have a value', () => {
    fc.assert(
      fc.property(
        fc.dictionary(fc.constantFrom(...NAMES), awkward, { maxKeys: 4 }),
        fc.dictionary(fc.constantFrom(...ENV), fc.string({ unit: anyCharacter, maxLength: 30 }), { maxKeys: 4 }),
        fc.dictionary(fc.oneof(fc.constantFrom(...NAMES), fc.constant('__proto__')), awkward, { maxKeys: 4 }),
        (flags, env, file) => {
          try {
            assert.deepEqual(Object.keys(resolveOptions(flags, env, file)), NAMES)
          } catch (error) {
            assert.ok(error instanceof ConfigError, String(error))
          }
        },
      ),
      { numRuns: 2000 * RUNS },
    )
  })

  it('never repeat a password, wherever it stands in the address', () => {
    const sign = fc.string({ unit: fc.constantFrom(...'@/?#:%,[]=&\\ 5'), maxLength: 3 })
    fc.assert(
      fc.property(sign, sign, fc.constantFrom('h', 'h:5432', 'h,i', '[::1]'), (one, other, host) => {
        const secret = `${one}s3cret${other}t41l`
        const text = `postgres://u:${secret}@${host}/db`
        const address = parseAddress(text)
        const shown = 'fault' in address ? address.fault : JSON.stringify({ ...address, password: '' })
        assert.ok(!/s3cret|t41l/.test(shown), `${text} → ${shown}`)
        try {
          resolveOptions({}, { DATABASE_URL: text })
        } catch (error) {
          assert.ok(error instanceof ConfigError)
          assert.ok(!/s3cret|t41l/.test(error.message), error.message)
        }
      }),
      { numRuns: 3000 * RUNS },
    )
  })

  it('never repeat a key that no header can carry', () => {
    fc.assert(
      fc.property(fc.string({ unit: anyCharacter, minLength: 1 }), (odd) => {
        try {
          const { apiKey } = resolveOptions({}, { API_KEY: `c4nary${odd}` })
          new Headers({ 'x-api-key': apiKey! })
        } catch (error) {
          assert.ok(error instanceof ConfigError, String(error))
          assert.ok(!error.message.includes('c4nary'))
        }
      }),
      { numRuns: 1000 * RUNS },
    )
  })
})
