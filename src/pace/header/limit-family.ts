import type { Headers } from './http-date.ts'
import type { AnnouncedLimit } from './limit-headers.ts'
import { countOf, type QuotaPolicy, readPolicies } from './quota-policy.ts'
import { DAY_MS, parseReset } from './reset-time.ts'
import { parseMembers } from './structured-field.ts'

/** Three headers that say one limit: how many, how many are left, and until when. */
export type Family = {
  /** '' where the headers say none. */
  name: string
  limit: string
  remaining: string
  reset: string
  /** Seconds to go, where `reset` is an instant: Discord. */
  resetAfter: string
  /** What the name says. */
  windowMs: number | null
  /** The longest reset that is still taken for seconds; null: the longest window that is known, or else a day. */
  longestResetMs: number | null
}

export const family = (
  stem: string,
  known: { suffix?: string; name?: string; windowMs?: number | null; longestResetMs?: number } = {},
): Family => {
  const { suffix = '', name = '', windowMs = null, longestResetMs = windowMs } = known
  const header = (what: string): string => `${stem}-${what}${suffix}`
  return {
    name,
    limit: header('limit'),
    remaining: header('remaining'),
    reset: header('reset'),
    resetAfter: header('reset-after'),
    windowMs,
    longestResetMs,
  }
}

/** A date has a comma of its own. */
const textsOf = (value: string | null): string[] =>
  value === null ? [] : /[a-z]/i.test(value.slice(0, 100)) ? [value] : value.split(',', 32)

/**
 * What a family of headers says, `policies` being what is known otherwise. Two limiters in a row, and Brave, write lists
 * (`1, 15000`): the first of each header belong together, and so on; a list of another length belongs to none of them. A
 * limit of the form `100;w=60` is a policy, and such count where nothing else tells of any.
 */
export const readFamily = (
  headers: Headers,
  { name, limit, remaining, reset, resetAfter, windowMs, longestResetMs }: Family,
  at: number,
  policies: readonly QuotaPolicy[],
): { limits: AnnouncedLimit[]; policies: readonly QuotaPolicy[] } => {
  const limitText = headers.get(limit)
  const remainingText = headers.get(remaining)
  if (limitText === null && remainingText === null) return { limits: [], policies }
  const written = readPolicies(limitText)
  const own = written.filter((each) => each.windowMs !== null)
  const known = policies.length > 0 ? policies : own
  const quotas = written.filter((each) => each.windowMs === null).map(({ quota }) => quota)
  const remainings = (parseMembers(remainingText ?? '') ?? []).map(({ key, value }) =>
    key === null ? countOf(value) : null,
  )
  const resets = textsOf(headers.get(resetAfter) ?? headers.get(reset))
  const longestMs = longestResetMs ?? (Math.max(0, ...known.map((each) => each.windowMs ?? 0)) || DAY_MS)
  const length = remainings.length || quotas.length
  const limits = Array.from({ length }, (_, index) => ({
    name,
    quota: quotas.length === length ? quotas[index]! : null,
    windowMs,
    remaining: remainings[index] ?? null,
    resetMs: resets.length === length ? parseReset(resets[index]!, at, longestMs) : null,
  }))
  return { limits: limits.filter((each) => each.quota !== null || each.remaining !== null), policies: known }
}

/** Spring Cloud Gateway's bucket is met by an even pace, so it is said as a short window, however much it holds. */
const BUCKET_MS = 2000

/** The bucket: what is left in it, and the tokens that run into it a second and that a request takes. */
export const readBucket = (headers: Headers): AnnouncedLimit[] => {
  const said = (what: string): number => Number(headers.get(`x-ratelimit-${what}`) ?? Number.NaN)
  const each = said('requested-tokens') || 1
  const quota = ((said('replenish-rate') / each) * BUCKET_MS) / 1000
  if (!(quota > 0 && quota < Number.POSITIVE_INFINITY) || !(said('burst-capacity') >= each)) return []
  return [{ name: '', quota, windowMs: BUCKET_MS, remaining: countOf(said('remaining') / each), resetMs: null }]
}
