/** Asks the source for single cars by their id: what a hint or an absence is worth. */

import { sideBySide } from '../request/side-by-side.ts'
import type { Session } from '../sweep/session.ts'

export type Answers = { gone: string[]; there: string[] }

/** Questions that are out at the same time. */
const SIDE_BY_SIDE = 4
/** Cars just seen that are asked for first. */
const KNOWN = 3
/** A question is asked so often, and so many may fail: listings may well work where this does not. */
const TRIES = 3
const MOST_FAILED = 3

/**
 * Which of these cars are gone and which are there; ids without a clear answer are in neither list. Asks for some cars
 * first that were seen a moment ago: a source that shows none of them tells nothing when asked by id, and null is answered.
 * Where questions go on failing, no more are asked.
 */
export const lookUp = async (session: Session, ids: readonly string[]): Promise<Answers | null> => {
  const { store, stored } = session
  const known = await ask(session, await store.someSeen(stored.runId, KNOWN))
  return known.there.length === 0 ? null : await ask(session, ids)
}

const ask = async ({ api, access, control, stop }: Session, ids: readonly string[]): Promise<Answers> => {
  const { lookup } = control.source
  const answers: Answers = { gone: [], there: [] }
  if (lookup === null) return answers
  let failed = 0
  await sideBySide(ids, SIDE_BY_SIDE, async (id) => {
    if (failed >= MOST_FAILED) return
    const outcome = await api.ask(lookup.request(access, id), (reply) => lookup.read(reply, id), stop, TRIES)
    if (outcome.kind === 'data') (outcome.data ? answers.there : answers.gone).push(id)
    else if (outcome.kind === 'stop' || outcome.kind === 'aborted') failed = MOST_FAILED
    else failed++
  })
  return answers
}
