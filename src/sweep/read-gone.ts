/** Reads the removal feed: which cars the source says have gone lately. */

import type { Outcome } from '../source/source.ts'
import type { Session } from './session.ts'

/** A feed that does not come to an end is no feed. */
const MAX_PAGES = 5000

/**
 * Adds to `gone` what went within the last `minutes`: when, by id, in the database's time (ms); of several times the
 * last. Answers what kept it from reading all, or null.
 */
export const readGone = async (
  { api, access, control, clockOffsetMs, stop }: Session,
  minutes: number,
  wishedPageSize: number,
  gone: Map<string, number>,
): Promise<Exclude<Outcome<never>, { kind: 'data' }> | { kind: 'aborted' } | null> => {
  const { feeds } = control.source
  if (feeds === null) return { kind: 'stop', reason: 'protocol', why: 'The source has no removal feed' }
  let pageSize = wishedPageSize
  for (let page = 1; page <= MAX_PAGES; page++) {
    const ask = { minutes, page, pageSize }
    const outcome = await api.ask(feeds.goneRequest(access, ask), (reply) => feeds.readGone(reply, ask), stop)
    if (outcome.kind === 'smaller-page' && pageSize > 1) {
      pageSize = Math.floor(pageSize / 2)
      page = 0
      continue
    }
    if (outcome.kind !== 'data') return outcome
    const toDatabase = clockOffsetMs - api.sourceOffsetMs()
    for (const { sourceId, at } of outcome.data.gone)
      gone.set(sourceId, Math.max(gone.get(sourceId) ?? 0, at + toDatabase))
    if (!outcome.data.hasNext) return null
  }
  return { kind: 'stop', reason: 'protocol', why: 'The removal feed does not end' }
}
