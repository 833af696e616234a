/** Marks cars removed that are proven gone, or holds that back for a person to look at. */

import { untilNone } from '../commit/until-none.ts'
import type { SyncEvent } from '../events.ts'
import { mayAskFor, mayRemove, type Share } from '../run/absence.ts'
import { counted } from '../run/counted.ts'
import { isRest, plain } from '../run/plan.ts'
import { accountedFor, type Receipt } from '../run/receipt.ts'
import type { Session } from '../sweep/session.ts'
import type { Work } from '../sweep/work.ts'
import { lookUp } from './look-up.ts'

/** What is no priority brand. */
const REST = 'other brands'

const note = (message: string): SyncEvent => ({ kind: 'note', message })

/** At the end of a full sweep. One that proves nothing removes nothing; what it has seen is not missing all the same. */
export async function* removeAbsent(
  session: Session,
  work: Work,
  receipt: Receipt,
  exact: boolean,
): AsyncGenerator<SyncEvent, void> {
  const { store, stored, lease, api, control, options } = session
  const { runId } = stored
  await store.forgetSeen(lease, runId)
  // Where nothing was stored before, all that is stored was seen.
  if (!exact || stored.beganEmpty) return
  const fresh = await store.markAbsent(lease, runId, receipt.distinct)
  if (fresh > 0 && fresh <= mayAskFor(api.requests().total) && control.source.lookup !== null) {
    const answers = await lookUp(session, await store.notAskedFor(runId))
    if (answers === null)
      yield note('The source shows no car at all when asked by id: what is missing waits for the next full sweep.')
    else await store.keepAnswers(lease, answers)
  }
  const gone = await store.provenGone(runId)
  if (gone.length === 0) return
  const { segmentOf, inventory, segments } = sharesOf(work, receipt, gone)
  const verdict = mayRemove(inventory, segments, options.maxRemovals)
  if (verdict.kind === 'hold') {
    await store.holdProven(lease, runId, segmentOf)
    yield note(`${verdict.why}: nothing is marked removed until somebody has looked.`)
    return
  }
  const removed = await untilNone(() => store.removeProven(lease, runId))
  yield note(`${counted(removed, 'car is', 'cars are')} gone from the source, and marked removed now.`)
}

type Shares = { segmentOf: Map<string | null, string>; inventory: Share; segments: Map<string, Share> }

/** How much of the inventory and of each of its parts is gone. Brands that are no part of their own are the rest. */
const sharesOf = ({ plan }: Work, receipt: Receipt, gone: readonly { make: string | null; cars: number }[]): Shares => {
  const lost = gone.reduce((sum, { cars }) => sum + cars, 0)
  const living = accountedFor(receipt)
  const brands = plan.segments.filter((segment) => !isRest(segment))
  const rest = Math.max(0, living - brands.reduce((sum, { total }) => sum + (total ?? 0), 0))
  const segments = new Map<string, Share>(brands.map(({ name, total }) => [name, { gone: 0, all: total ?? 0 }]))
  segments.set(REST, { gone: 0, all: rest })
  const segmentOf = new Map<string | null, string>()
  for (const { make, cars } of gone) {
    const name = brands.find((brand) => make !== null && plain(make) === plain(brand.name))?.name ?? REST
    segmentOf.set(make, name)
    const share = segments.get(name)!
    segments.set(name, { ...share, gone: share.gone + cars })
  }
  const withGone = new Map([...segments].map(([name, { gone: n, all }]) => [name, { gone: n, all: all + n }]))
  return { segmentOf, inventory: { gone: lost, all: living + lost }, segments: withGone }
}
