/** What is learned of a source: where a run's pace begins, and what is kept of it for the next one. */
import type { Summary } from '../events.ts'
import type { Options } from '../options.ts'
import type { Pace } from '../pace/model.ts'
import { remember, startPace } from '../pace/start.ts'
import { allowanceOf, isFindingOut, whyAtEnd, whyOf } from '../pace/why.ts'
import type { Access, Source } from '../source/source.ts'
import type { Learned } from '../store/store.ts'

/** Host and key, without telling the key: limits belong to both. */
export const scopeOf = async (access: Access): Promise<string> => {
  const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(access.apiKey ?? ''))
  const short = [...new Uint8Array(digest).slice(0, 4)].map((byte) => byte.toString(16).padStart(2, '0')).join('')
  return `${new URL(access.baseUrl).host}/${short}`
}

/** The pace that a run begins with, at the instant `now` (ms). */
export const beginPace = (
  options: Pick<Options, 'maxRate' | 'maxConcurrency'>,
  source: Source,
  access: Access,
  learned: Learned | null,
  now: number,
): Pace =>
  startPace({
    now,
    maxRate: options.maxRate,
    maxConcurrency: options.maxConcurrency,
    documented: new Map(Object.entries(source.traits.documentedLimits)).get(new URL(access.baseUrl).hostname) ?? null,
    remembered: learned?.pace ?? null,
  })

/** The pace as it is shown, while a run is on or at its end. */
export const shownPace = (pace: Pace, pageSize: number, now: number, isOver = false): Summary['learned'] => {
  const held = allowanceOf(pace)
  return {
    pageSize,
    requestsPerSecond: held === null ? null : Math.round(held.rate * 1000) / 1000,
    ...(held === null ? {} : { burst: Math.floor(held.burst) }),
    concurrency: Math.floor(pace.width.limit),
    ...(isFindingOut(pace) ? { seeking: true } : {}),
    why: isOver ? whyAtEnd(pace) : whyOf(pace, now),
  }
}

/**
 * What is kept, of what is shown. The page size only where the source forced it, serving another than `wished`: one that
 * the user asked for is the wish of one run.
 */
export const keptOf = (
  pace: Pace,
  { pageSize: served, requestsPerSecond, concurrency }: Summary['learned'],
  size: { wished: number; asked: boolean; before: number | null },
  now: number,
): Omit<Learned, 'learnedAt'> => {
  const pageSize = size.asked && served === size.wished ? size.before : served
  return { pageSize, requestsPerSecond, concurrency, pace: remember(pace, now) }
}
