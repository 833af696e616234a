/** For how long a source has given no proper answer, and what is said of that. */
import type { Silence } from '../events.ts'
import type { World } from '../world.ts'

export type Silent = {
  /** A proper answer. */
  served(at: number): void
  /** Neither that nor a refusal; or a refusal, of which `refused` tells as well. */
  failed(why: string): void
  /** A refusal is an answer: the source lives, until the wait is over that it asked for. */
  refused(until: number): void
  /** Whether any request has failed or was refused since that instant. */
  failedSince(at: number): boolean
  /** It has answered nothing useful for longer than it is waited for. */
  isDead(): boolean
  givenUp(): string
  obituary(): string
  /** Null where it is not worth a word. */
  trouble(): string | null
  /** For the next process that works on the run; empty where the last answer was a proper one. */
  kept(): { silence?: Silence }
}

/** A source that refuses everything lives, but not for ever: the longest usual window, and some time. */
const REFUSED_MS = 65 * 60_000

/**
 * `before`: what earlier processes waited in vain. It counts, for each of them may live shorter than a dead source is waited
 * for (`giveUpMs`).
 */
export const openSilence = (world: Pick<World, 'now'>, giveUpMs: number, before: Silence | undefined): Silent => {
  const openedAt = world.now()
  let lastGoodAt = openedAt - (before?.goodMs ?? 0)
  let lastAliveAt = openedAt - (before?.aliveMs ?? 0)
  let lastFailedAt = Number.NEGATIVE_INFINITY
  let isSilent = before !== undefined
  /** Why the last of those that failed or were refused did. */
  let lastWhy = ''
  const sentence = (): string => {
    const ms = world.now() - lastGoodAt
    const span = ms < 120_000 ? `${Math.round(ms / 1000)} s` : `${Math.round(ms / 60_000)} min`
    return `${lastAliveAt > lastGoodAt ? 'has refused everything' : 'has not answered properly'} for ${span}`
  }
  const givenUp = (setBy = ''): string => `The source ${sentence()}: given up${setBy}. What came last: ${lastWhy}`
  return {
    served: (at) => {
      lastGoodAt = at
      isSilent = false
    },
    failed: (why) => {
      lastWhy = why
      lastFailedAt = world.now()
      isSilent = true
    },
    refused: (until) => {
      lastAliveAt = Math.max(lastAliveAt, until)
    },
    failedSince: (at) => lastFailedAt >= at,
    isDead: () => {
      // Whom nobody has asked yet cannot have failed to answer.
      if (lastWhy === '') return false
      const now = world.now()
      const refusing = lastAliveAt > lastGoodAt && now - lastAliveAt < giveUpMs
      return now - lastGoodAt > (refusing ? Math.max(giveUpMs, REFUSED_MS) : giveUpMs)
    },
    givenUp: () => givenUp(),
    obituary: () =>
      `${givenUp(' (CARSYNC_GIVE_UP_SECONDS)')}. What was read is stored, and the next run goes on from there`,
    trouble: () => (world.now() - lastGoodAt >= 1000 ? `the source ${sentence()} (${lastWhy})` : null),
    kept: () => {
      const now = world.now()
      if (!isSilent) return {}
      return { silence: { goodMs: Math.round(now - lastGoodAt), aliveMs: Math.round(now - lastAliveAt) } }
    },
  }
}
