/** Wakes the next slice: the function calls itself. Should that fail, cron does it a little later. */
import { messageOf } from '../../../src/mod.ts'

export type HandOver = {
  url: string
  secret: string
  fetch: typeof fetch
  sleep(ms: number): Promise<void>
  /** How long it may take, ms: what is left of the worker's life. */
  patienceMs: number
}

const PAUSE_MS = 250
const MOST_PAUSE_MS = 1000
/**
 * As long as cron takes to look at the latest. The call may come to this very worker, which is near its end and refuses, until
 * the platform gives it no more.
 */
const PATIENCE_MS = 15_000
/** The answer comes before the work: a worker that takes longer to say so is not there. */
const ANSWER_MS = 10_000

/** What the platform throws where a function calls functions too often. */
const waitAskedBy = (error: unknown): number | null => {
  const { name, retryAfterMs } = (error ?? {}) as { name?: unknown; retryAfterMs?: unknown }
  return name === 'RateLimitError' && typeof retryAfterMs === 'number' ? retryAfterMs : null
}

/** Answers null once somebody has taken over, or else why nobody did. Never rejects. */
export const handOver = async ({ url, secret, fetch, sleep, patienceMs }: HandOver): Promise<string | null> => {
  let why = ''
  let waitedMs = 0
  for (let tried = 0; ; tried++) {
    let pauseMs = Math.min(PAUSE_MS * 2 ** tried, MOST_PAUSE_MS)
    try {
      const answer = await fetch(url, {
        method: 'POST',
        headers: { 'content-type': 'application/json', 'x-sync-secret': secret },
        body: '{"action":"tick"}',
        redirect: 'error',
        signal: AbortSignal.timeout(ANSWER_MS),
      })
      await answer.body?.cancel()
      if (answer.ok) return null
      why = `it answered ${answer.status}`
      if (answer.status < 500 && answer.status !== 429) return why
    } catch (error) {
      why = messageOf(error)
      pauseMs = waitAskedBy(error) ?? pauseMs
    }
    waitedMs += pauseMs
    if (waitedMs > Math.min(patienceMs, PATIENCE_MS)) return why
    await sleep(pauseMs)
  }
}
