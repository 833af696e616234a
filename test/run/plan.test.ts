import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { type Answers, decidePlan, plannedPages, questionsFor } from '../../src/run/plan.ts'
import type { Brand } from '../../src/source/source.ts'

const filterOf = (ids: readonly string[]) => ({ brand: ids.join(',') })
const brand = (id: string, name: string): Brand => ({ id, name, count: null })
const BRANDS = [
  brand('1', 'Audi'),
  brand('2', 'BMW'),
  brand('3', 'Mercedes-Benz'),
  brand('4', 'Citroën'),
  brand('5', 'Kia'),
]

describe('questionsFor', () => {
  it('puts the priority brands first, in the order asked for, and all others into one filter', () => {
    const questions = questionsFor(BRANDS, ['BMW', 'Audi'], filterOf)
    assert.deepEqual(questions.priority, [
      { name: 'BMW', filter: { brand: '2' } },
      { name: 'Audi', filter: { brand: '1' } },
    ])
    assert.deepEqual(questions.others, [{ name: 'other brands', filter: { brand: '3,4,5' } }])
    assert.deepEqual(questions.missing, [])
  })

  it('compares names without case, accents, spaces and punctuation', () => {
    const { priority, missing } = questionsFor(BRANDS, ['mercedes benz', 'CITROEN', ' kia '], filterOf)
    assert.deepEqual(
      priority.map(({ name }) => name),
      ['Mercedes-Benz', 'Citroën', 'Kia'],
    )
    assert.deepEqual(missing, [])
  })

  it('names what the source does not have, and takes a brand named twice once', () => {
    const { priority, missing } = questionsFor(BRANDS, ['Lada', 'BMW', 'bmw'], filterOf)
    assert.equal(priority.length, 1)
    assert.deepEqual(missing, ['Lada'])
  })

  it('takes all entries of a brand that the source lists several times', () => {
    const { priority, others } = questionsFor([...BRANDS, brand('9', 'AUDI')], ['Audi'], filterOf)
    assert.deepEqual(priority, [{ name: 'Audi', filter: { brand: '1,9' } }])
    assert.deepEqual(others[0]!.filter, { brand: '2,3,4,5' })
  })

  it('calls a brand otherwise whose name means something else in the ledger', () => {
    const brands = [brand('1', 'all'), brand('2', 'changes'), brand('3', 'other brands 1/2'), brand('4', 'Audi')]
    const { priority, missing } = questionsFor(brands, ['all', 'ALL', 'changes', 'other brands 1/2', 'Audi'], filterOf)
    assert.deepEqual(
      priority.map(({ name }) => name),
      ['brand all', 'brand changes', 'brand other brands 1/2', 'Audi'],
    )
    assert.deepEqual(missing, [])
  })

  it('asks for every brand exactly once, at most a hundred to a filter, each segment under a name of its own', () => {
    const brands = fc.uniqueArray(fc.nat(999), { maxLength: 350 })
    fc.assert(
      fc.property(brands, fc.array(fc.nat(999), { maxLength: 5 }), (ids, wanted) => {
        const listed = ids.map((id) => brand(String(id), `Brand ${id}`))
        const questions = questionsFor(
          listed,
          wanted.map((id) => `brand ${id}`),
          filterOf,
        )
        const segments = [...questions.priority, ...questions.others]
        const asked = segments.map(({ filter }) => filter.brand!.split(','))
        assert.deepEqual(asked.flat().map(Number).sort(), [...ids].sort())
        assert.ok(asked.every((each) => each.length <= 100))
        assert.equal(new Set(segments.map(({ name }) => name)).size, segments.length)
      }),
    )
  })
})

const QUESTIONS = questionsFor(BRANDS, ['BMW', 'Audi'], filterOf)
const plan = (total: number | null, priority: (number | null)[], others: (number | null)[]) =>
  decidePlan(QUESTIONS, { total, priority, others } satisfies Answers)
const names = ({ segments }: ReturnType<typeof plan>) => segments.map(({ name }) => name)

describe('decidePlan', () => {
  it('takes the brands as segments when their totals add up to the listing', () => {
    const decided = plan(100, [30, 20], [50])
    assert.deepEqual(names(decided), ['BMW', 'Audi', 'other brands'])
    assert.equal(decided.disjoint, true)
    assert.equal(decided.note, null)
  })

  it('leaves out a segment without cars', () => {
    assert.deepEqual(names(plan(70, [0, 20], [50])), ['Audi', 'other brands'])
  })

  it('reads the whole listing after the priority brands when there are cars without a brand, and says so', () => {
    const decided = plan(110, [30, 20], [50])
    assert.deepEqual(decided.segments.at(-1), { name: 'all', filter: {}, total: 110 })
    assert.deepEqual(names(decided), ['BMW', 'Audi', 'all'])
    assert.equal(decided.disjoint, false)
    assert.match(decided.note!, /have 100 cars, the whole listing 110/)
  })

  it('does so too where one total is missing', () => {
    for (const decided of [plan(null, [], []), plan(100, [30, null], [50])]) {
      assert.deepEqual(names(decided), ['BMW', 'Audi', 'all'])
      assert.match(decided.note!, /gives no totals/)
    }
  })

  it('reads the listing once, and says so, when the source ignores the filter', () => {
    const decided = plan(100, [100, 100], [100])
    assert.deepEqual(names(decided), ['all'])
    assert.match(decided.note!, /ignores the brand filter/)
  })

  it('reads the listing where there are no brands, and where it is empty', () => {
    const none = questionsFor([], ['BMW'], filterOf)
    assert.deepEqual(decidePlan(none, { total: 7, priority: [], others: [] }).segments, [
      { name: 'all', filter: {}, total: 7 },
    ])
    assert.deepEqual(names(plan(0, [0, 0], [0])), ['all'])
  })

  it('always covers the listing: by segments that add up to it, or by the whole of it', () => {
    const total = fc.option(fc.nat(200))
    fc.assert(
      fc.property(total, fc.tuple(total, total), fc.tuple(total), (whole, priority, others) => {
        const decided = plan(whole, [...priority], [...others])
        const sum = decided.segments.reduce((acc, segment) => acc + (segment.total ?? 0), 0)
        const all = decided.segments.at(-1)!.name === 'all'
        assert.ok(all || sum === whole)
        assert.ok(decided.segments.length > 0)
        if (all && decided.segments.length > 1) assert.equal(decided.disjoint, false)
      }),
    )
  })
})

describe('plannedPages', () => {
  it('rounds up in each segment and asks at least one page of each', () => {
    assert.equal(plannedPages(plan(101, [31, 20], [50]), 10), 4 + 2 + 5)
    assert.equal(plannedPages(plan(0, [0, 0], [0]), 10), 1)
  })

  it('is not known where a total is not', () => {
    assert.equal(plannedPages(plan(null, [], []), 10), null)
  })
})
