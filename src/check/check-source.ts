/** What `carsync doctor` finds out about the source. */

import type { Options } from '../options.ts'
import { startPace } from '../pace/start.ts'
import { openApi } from '../request/api.ts'
import { counted } from '../run/counted.ts'
import type { Source } from '../source/source.ts'
import type { World } from '../world.ts'

/** One thing that was looked at; `advice` says what to do about a fault. */
export type Finding = {
  check: string
  ok: boolean
  message: string
  advice: string | null
  /** How many cars the source says it has. */
  cars?: number
}

/** Asks the source for one total and one car: is it there, does it let us in, does it speak the dialect? */
export const checkSource = async (options: Options, world: World, source: Source): Promise<Finding[]> => {
  const access = { baseUrl: options.apiBaseUrl ?? '', apiKey: options.apiKey }
  const api = openApi({
    world,
    pace: startPace({ now: world.now(), maxRate: options.maxRate ?? 1, maxConcurrency: 1 }),
    apiKey: access.apiKey,
    timeoutMs: 15_000,
    maxBytes: 16 << 20,
    giveUpMs: 20_000,
    before: { total: 0, ok: 0, limited: 0, failed: 0, retried: 0 },
  })
  const total = await api.ask(source.countRequest(access, {}), (reply) => source.readCount(reply))
  if (total.kind !== 'data') {
    const why = total.kind === 'aborted' ? 'stopped' : total.why
    return [{ check: 'source', ok: false, message: why, advice: 'Check API_BASE_URL and API_KEY.' }]
  }
  const ask = { filter: {}, pageSize: 1, page: 1 }
  const page = await api.ask(source.pageRequest(access, ask), (reply) => source.readPage(reply, ask))
  const count = total.data === null ? 'it does not say how many cars it has' : `it has ${counted(total.data, 'car')}`
  const reached: Finding = {
    check: 'source',
    ok: true,
    message: `answers and lets us in; ${count}`,
    advice: null,
    ...(total.data === null ? {} : { cars: total.data }),
  }
  if (page.kind === 'data') return [reached]
  const why = page.kind === 'aborted' ? 'stopped' : page.why
  return [reached, { check: 'listing', ok: false, message: why, advice: 'Is API_BASE_URL the one of the paged API?' }]
}
