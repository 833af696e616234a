/** What only looks at a source copes with the pages that it serves, as a sync does. */
import assert from 'node:assert/strict'
import { it } from 'node:test'
import { dryRun, realWorld, resolveOptions, sources, storeOver, verify } from '../../src/node.ts'
import { bentSource } from '../support/bent-source.ts'
import { newDatabase } from '../support/databases.ts'
import { syncOnce } from '../support/sync-once.ts'

const source = sources.auctionsapi
const optionsFor = (url: string) => resolveOptions({}, { API_BASE_URL: url, API_KEY: 'canary-key' })

it('a dry run asks for smaller pages where the source refuses large ones', async (t) => {
  const { url } = await bentSource(t, { cars: 100, maxPageSize: 20, rejectLargePages: true })
  const steps = dryRun(optionsFor(url), realWorld, { source, stop: new AbortController().signal })
  let step = await steps.next()
  while (!step.done) step = await steps.next()
  assert.equal(step.value.status, 'complete')
  assert.ok(step.value.cars.seen > 0 && step.value.cars.seen <= 20)
})

it('verify takes its sample from the whole listing, however small the pages are that it is served', async (t) => {
  const cars = 100
  const { url, seen } = await bentSource(t, { cars, maxPageSize: 10 })
  const db = await newDatabase('postgres')
  await syncOnce({ db, url })
  const options = optionsFor(url)
  seen.asked.length = 0
  const { compared, differences } = await verify(options, realWorld, storeOver(db, options, realWorld), {
    source,
    sample: cars,
    seed: 'a',
  })
  assert.deepEqual([compared, differences], [cars, []])
  assert.equal(Math.max(...seen.asked.map((query) => Number(query.get('page')))), cars / 10)
})
