/**
 * Refusals one right after the other. Each kind of limit has its own way to wait after a refusal; should one be mistaken for another and
 * wait for nothing, a source that refuses within milliseconds would be asked hundreds of times a second. That must never be.
 */

/** Requests that were refused right after a refusal, less some for what was let in since. */
export type Rush = number

/** A request that left so soon after a refusal was heard of was sent on in spite of it, ms. */
const RIGHT_AFTER_MS = 50
/** So many may be: a search for a rate takes a few. */
const ALLOWED = 12
/** What each that is let in makes up for. */
const FORGIVEN = 0.25
const PAUSE_MS = 50
const MOST_MS = 3000

/** After a refusal of a request that left at `sentAt`, where the one before was heard of at `heardAt`: and how long nobody may ask, ms. */
export const refusedAgain = (rush: Rush, sentAt: number, heardAt: number): { rush: Rush; pauseMs: number } => {
  if (sentAt - heardAt >= RIGHT_AFTER_MS) return { rush, pauseMs: 0 }
  const more = rush + 1
  return { rush: more, pauseMs: more <= ALLOWED ? 0 : Math.min(MOST_MS, PAUSE_MS * 2 ** (more - ALLOWED)) }
}

export const letIn = (rush: Rush): Rush => Math.max(0, rush - FORGIVEN)
