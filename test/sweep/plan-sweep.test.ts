import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { SyncError } from '../../src/errors.ts'
import type { Api } from '../../src/request/api.ts'
import { auctionsApi } from '../../src/source/auctions-api.ts'
import type { Brand, Outcome } from '../../src/source/source.ts'
import { countOf, planSweep, stopError } from '../../src/sweep/plan-sweep.ts'

const ACCESS = { baseUrl: 'http://api.example/api', apiKey: null }
const data = <T>(value: T): Outcome<T> => ({ kind: 'data', data: value })

const BRANDS: Brand[] = [
  { id: '1', name: 'Audi', count: null },
  { id: '2', name: 'BMW', count: null },
  { id: '3', name: 'Kia', count: null },
]

type Answers = {
  brands?: Outcome<Brand[]> | { kind: 'aborted' }
  /** By the manufacturer ids of the filter; '' is the whole listing. A list is answered one after another. */
  counts: Record<string, (number | null)[] | Outcome<number | null>>
  dead?: boolean
}

/** A source that answers these; what is asked is kept. */
const apiOf = ({ brands = data(BRANDS), counts, dead = false }: Answers) => {
  const asked: string[] = []
  const api: Pick<Api, 'ask' | 'isDead'> = {
    isDead: () => dead,
    ask: async (request) => {
      const url = new URL(request.url)
      if (url.pathname.endsWith('/manufacturers/cars')) {
        asked.push('brands')
        return brands as Outcome<never>
      }
      const filter = url.searchParams.get('manufacturer_id') ?? ''
      asked.push(filter)
      const answer = counts[filter]
      if (answer === undefined) return assert.fail(`nobody should ask for "${filter}"`)
      if (!Array.isArray(answer)) return answer as Outcome<never>
      return data(answer.length > 1 ? answer.shift()! : answer[0]!) as Outcome<never>
    },
  }
  return { api: api as Api, asked }
}

const plan = (answers: Answers, priority: readonly string[] = ['BMW']) => {
  const { api, asked } = apiOf(answers)
  return planSweep(api, auctionsApi, ACCESS, priority).then((planned) => ({ ...planned, asked }))
}

const names = ({ segments }: { segments: { name: string }[] }): string[] => segments.map(({ name }) => name)

describe('planSweep', () => {
  it('asks for the whole, the priority brands and the others, and no more when the sums agree', async () => {
    const planned = await plan({ counts: { '': [60], 2: [10], '1,3': [50] } })
    assert.deepEqual(planned.asked, ['brands', '', '2', '1,3'])
    assert.deepEqual(names(planned), ['BMW', 'other brands'])
    assert.equal(planned.total, 60)
    assert.equal(planned.note, null)
  })

  it('asks for the totals side by side, and tells them apart', async () => {
    const { api } = apiOf({ counts: { '': [60], 1: [20], 2: [10], 3: [30] } })
    let out = 0
    let most = 0
    const busy: Api = {
      ...api,
      ask: async (...question) => {
        most = Math.max(most, ++out)
        // As many turns as there are before it: the first answer comes last.
        for (let turn = 0; turn < 10 - most; turn++) await null
        const answer = await api.ask(...question)
        out--
        return answer as never
      },
    }
    const planned = await planSweep(busy, auctionsApi, ACCESS, ['Kia', 'BMW'])
    assert.equal(most, 3)
    assert.deepEqual(
      planned.segments.map(({ name, total }) => [name, total]),
      [
        ['Kia', 30],
        ['BMW', 10],
        ['other brands', 20],
      ],
    )
  })

  it('looks again when the sums disagree, since cars may have come meanwhile', async () => {
    const planned = await plan({ counts: { '': [60, 61], 2: [11, 11], '1,3': [50] } })
    assert.deepEqual(planned.asked, ['brands', '', '2', '1,3', '', '2', '1,3'])
    assert.equal(planned.disjoint, true)
    assert.equal(planned.total, 61)
  })

  it('believes that there are cars without a brand when the total stands still', async () => {
    const planned = await plan({ counts: { '': [65, 65], 2: [10], '1,3': [50] } })
    assert.deepEqual(planned.asked, ['brands', '', '2', '1,3', ''])
    assert.deepEqual(names(planned), ['BMW', 'all'])
    assert.match(planned.note!, /have 60 cars, the whole listing 65/)
  })

  it('settles for the whole listing when it never stands still, after three rounds', async () => {
    const planned = await plan({ counts: { '': [65, 66, 67, 68], 2: [10], '1,3': [50] } })
    assert.equal(planned.asked.filter((each) => each === '2').length, 3)
    assert.deepEqual(names(planned), ['BMW', 'all'])
    assert.equal(planned.total, 67)
  })

  it('asks for no brand’s total where the source gives no totals', async () => {
    const planned = await plan({ counts: { '': [null] } })
    assert.deepEqual(planned.asked, ['brands', ''])
    assert.deepEqual(names(planned), ['BMW', 'all'])
    assert.equal(planned.total, null)
  })

  it('names priority brands that the source does not have', async () => {
    const planned = await plan({ counts: { '': [60], 2: [10], '1,3': [50] } }, ['Lada', 'BMW', 'Wartburg'])
    assert.equal(planned.note, 'The source has no brand called Lada, Wartburg.')
    const both = await plan({ counts: { '': [65], 2: [10], '1,3': [50] } }, ['Lada', 'BMW'])
    assert.match(both.note!, /^The source has no brand called Lada\. The brands have 60/)
  })

  it('reads the whole listing where there is no list of brands, or a broken one', async () => {
    const none: Outcome<Brand[]>[] = [
      data([]),
      { kind: 'retry', why: 'broken' },
      { kind: 'stop', reason: 'protocol', why: 'HTTP 404' },
    ]
    for (const brands of none) {
      const planned = await plan({ brands, counts: { '': [60] } })
      assert.deepEqual(names(planned), ['all'])
      assert.equal(planned.note, null, 'nobody’s priority is called missing')
    }
  })

  it('stops when the key is wrong, the source is dead, or it is told to', async () => {
    const counts = { '': [1] }
    const failing: [Answers, RegExp, number][] = [
      [{ brands: { kind: 'stop', reason: 'auth', why: 'the key was refused' }, counts }, /the key was refused/, 1],
      [{ brands: { kind: 'retry', why: 'HTTP 500' }, dead: true, counts }, /HTTP 500/, 3],
      [{ brands: { kind: 'aborted' }, counts }, /Stopped before anything was read/, 3],
      [{ counts: { '': { kind: 'stop', reason: 'quota', why: 'used up' } } }, /used up/, 3],
      [{ counts: { '': { kind: 'retry', why: 'HTTP 502' } } }, /HTTP 502/, 3],
    ]
    for (const [answers, sentence, exitCode] of failing)
      await assert.rejects(plan(answers), (error: Error) => {
        assert.ok(error instanceof SyncError)
        assert.match(error.message, sentence)
        assert.equal(error.exitCode, exitCode)
        return true
      })
  })
})

describe('countOf', () => {
  it('is null where the count cannot be had, but pages can', async () => {
    const { api } = apiOf({ counts: { '': { kind: 'smaller-page', why: 'too large' } } })
    assert.equal(await countOf(api, auctionsApi, ACCESS, {}), null)
  })
})

describe('stopError', () => {
  it('is a failure where trying again does not help, else something that can be taken up again', () => {
    const codes = (['auth', 'protocol', 'quota'] as const).map(
      (reason) => stopError({ kind: 'stop', reason, why: 'w' }).exitCode,
    )
    assert.deepEqual(codes, [1, 1, 3])
    assert.equal(stopError({ kind: 'retry', why: 'w' }).exitCode, 3)
    assert.equal(stopError({ kind: 'slow-down', why: 'w' }).exitCode, 3)
  })
})
