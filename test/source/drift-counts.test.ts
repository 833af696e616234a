import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { countDrift, MAX_FINDINGS, note, OTHERS } from '../../src/source/drift-counts.ts'

const many = (count: number, prefix = 'f'): string[] => Array.from({ length: count }, (_, i) => `${prefix}${i}`)

describe('note', () => {
  it('adds a finding once', () => {
    const findings: string[] = []
    for (const finding of ['a', 'b', 'a']) assert.equal(note(findings, finding), true)
    assert.deepEqual(findings, ['a', 'b'])
  })

  it('tells so many apart, names the rest together, and says when there is no room', () => {
    const findings: string[] = []
    const answers = many(MAX_FINDINGS + 3).map((finding) => note(findings, finding))
    assert.deepEqual(findings, [...many(MAX_FINDINGS), OTHERS])
    assert.deepEqual(answers, [...many(MAX_FINDINGS).map(() => true), false, false, false])
  })
})

describe('countDrift', () => {
  it('counts each finding once a record', () => {
    const counts = new Map<string, number>()
    countDrift(counts, ['a', 'b'])
    countDrift(counts, ['a'])
    countDrift(counts, [])
    assert.deepEqual(Object.fromEntries(counts), { a: 2, b: 1 })
  })

  it('is bounded, and every record with a finding is counted, whatever they are', () => {
    const finding = fc.oneof(fc.constant(OTHERS), fc.integer({ min: 0, max: 200 }).map(String))
    fc.assert(
      fc.property(fc.array(fc.uniqueArray(finding, { maxLength: 80 }), { maxLength: 20 }), (records) => {
        const counts = new Map<string, number>()
        for (const findings of records) countDrift(counts, findings)
        const named = [...counts.keys()].filter((name) => name !== OTHERS)
        assert.ok(named.length <= MAX_FINDINGS)
        for (const name of named)
          assert.equal(counts.get(name), records.filter((findings) => findings.includes(name)).length)
        const beyond = records.filter((findings) => findings.some((name) => name === OTHERS || !counts.has(name)))
        assert.equal(counts.get(OTHERS) ?? 0, beyond.length)
      }),
    )
  })
})
