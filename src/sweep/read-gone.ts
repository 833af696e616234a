/** Reads the removal feed: which cars the source says have gone lately. */

import type { Gone, Outcome } from '../source/source.ts'
import { askBriefly } from './ask-briefly.ts'
import type { Session } from './session.ts'

/** A feed that does not come to an end is no feed. */
const MAX_PAGES = 5000
/** What is told of the last minutes and lies outside of them by more than this was told by another clock, ms. */
const OFF_MS = 60_000

/**
 * Adds to `gone` what went within the last `minutes`: when, by id, in the database's time (ms); of several times the
 * last. Where the feed's clock is not the one that we know the source by, nothing tells when: then all went just now, so
 * that none passes for one that went before it was met. Answers what kept it from reading all, or null.
 */
export const readGone = async (
  session: Session,
  minutes: number,
  wishedPageSize: number,
  gone: Map<string, number>,
): Promise<Exclude<Outcome<never>, { kind: 'data' }> | { kind: 'aborted' } | null> => {
  const { api, access, control, world, clockOffsetMs, stop } = session
  const { feeds } = control.source
  if (feeds === null) return { kind: 'stop', reason: 'protocol', why: 'The source has no removal feed' }
  const since = world.now() + clockOffsetMs - minutes * 60_000
  const told: Gone[] = []
  let pageSize = wishedPageSize
  try {
    for (let page = 1; page <= MAX_PAGES; page++) {
      const ask = { minutes, page, pageSize }
      const outcome = await askBriefly(session, (...limits) =>
        api.ask(feeds.goneRequest(access, ask), (reply) => feeds.readGone(reply, ask), stop, ...limits),
      )
      if (outcome.kind === 'smaller-page' && pageSize > 1) {
        pageSize = Math.floor(pageSize / 2)
        page = 0
        continue
      }
      if (outcome.kind !== 'data') return outcome
      const toDatabase = clockOffsetMs - api.sourceOffsetMs()
      for (const { sourceId, at } of outcome.data.gone) told.push({ sourceId, at: at + toDatabase })
      if (!outcome.data.hasNext) return null
    }
    return { kind: 'stop', reason: 'protocol', why: 'The removal feed does not end' }
  } finally {
    const now = world.now() + clockOffsetMs
    const isKnownClock = told.every(({ at }) => since - OFF_MS <= at && at <= now + OFF_MS)
    for (const { sourceId, at } of told) gone.set(sourceId, Math.max(gone.get(sourceId) ?? 0, isKnownClock ? at : now))
  }
}
