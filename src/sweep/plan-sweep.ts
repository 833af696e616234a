/** Asks the source what the plan needs to know, and draws it up. */

import { SyncError } from '../errors.ts'
import type { Api } from '../request/api.ts'
import { sideBySide } from '../request/side-by-side.ts'
import { type Answers, decidePlan, type Plan, questionsFor } from '../run/plan.ts'
import type { Access, Brand, Filter, Outcome, Source } from '../source/source.ts'

/** How often the totals are taken again when the inventory moved while they were. */
const ROUNDS = 3
/** How often the list of brands is asked for when it fails: it can be done without. */
const TRIES = 6
/** How many totals are asked for at once, as far as the pace allows: the less passes in between, the better they fit. */
const AT_ONCE = 8

type Unanswered = Exclude<Outcome<never>, { kind: 'data' }> | { kind: 'aborted' }

/** Thrown while nothing has been read yet: the stop that the outcome asks for, with the exit code that fits. */
export const stopError = (outcome: Unanswered): SyncError => {
  if (outcome.kind === 'aborted') return new SyncError('Stopped before anything was read.', 3)
  return new SyncError(outcome.why, outcome.kind === 'stop' && outcome.reason !== 'quota' ? 1 : 3)
}

/** The number of rows behind a filter, null where the source does not tell; or what kept it from telling. */
export const askCount = async (
  api: Api,
  source: Source,
  access: Access,
  filter: Filter,
  signal?: AbortSignal,
  ...limits: [tries?: number, refusals?: number]
): Promise<{ kind: 'data'; data: number | null } | Unanswered> => {
  const request = source.countRequest(access, filter)
  const outcome = await api.ask(request, (reply) => source.readCount(reply), signal, ...limits)
  return outcome.kind === 'smaller-page' ? { kind: 'data', data: null } : outcome
}

/** The same, where nothing can be done without it. Throws SyncError when it cannot be asked. */
export const countOf = async (...question: Parameters<typeof askCount>): Promise<number | null> => {
  const answer = await askCount(...question)
  if (answer.kind === 'data') return answer.data
  throw stopError(answer)
}

/** The brands, or none where the source has no such list: then there is no priority order, but nothing is lost. */
const brandsOf = async (api: Api, source: Source, access: Access, signal?: AbortSignal): Promise<Brand[]> => {
  const outcome = await api.ask(source.brandsRequest(access), (reply) => source.readBrands(reply), signal, TRIES)
  if (outcome.kind === 'data') return outcome.data
  if (outcome.kind === 'stop' && outcome.reason !== 'protocol') throw stopError(outcome)
  if (outcome.kind === 'aborted' || api.isDead()) throw stopError(outcome)
  return []
}

/** Draws up the plan of a full sweep. Costs a request for each priority brand and three to five more. */
export const planSweep = async (
  api: Api,
  source: Source,
  access: Access,
  priority: readonly string[],
  signal?: AbortSignal,
): Promise<Plan> => {
  const brands = await brandsOf(api, source, access, signal)
  const questions = questionsFor(brands, brands.length === 0 ? [] : priority, source.brandFilter)
  const count = (filter: Filter) => countOf(api, source, access, filter, signal)
  let total = await count({})
  const missing = questions.missing.length > 0 ? `The source has no brand called ${questions.missing.join(', ')}. ` : ''
  for (let round = 1; ; round++) {
    const asked = total === null ? [] : [...questions.priority, ...questions.others]
    const totals = await sideBySide(asked, AT_ONCE, ({ filter }) => count(filter))
    const split = questions.priority.length
    const answers: Answers = { total, priority: totals.slice(0, split), others: totals.slice(split) }
    const plan = decidePlan(questions, answers)
    const settled = { ...plan, note: `${missing}${plan.note ?? ''}`.trim() || null }
    if (plan.disjoint || total === null || round === ROUNDS) return settled
    // The sums disagree: because there are cars without a brand, or because cars came and went meanwhile?
    const after = await count({})
    if (after === total) return settled
    total = after
  }
}
