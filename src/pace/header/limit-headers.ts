/**
 * What a reply's headers say about limits. Implementations write it in four dialects, of which the newest that says
 * something wins, since those who write several say the same in each:
 *
 * 1. `RateLimit: "burst";r=50;t=30`, with `RateLimit-Policy: "burst";q=100;w=60`
 *    (draft-ietf-httpapi-ratelimit-headers-08 and later)
 * 2. `RateLimit: limit=100, remaining=50, reset=30`, with `RateLimit-Policy: 100;w=60` (-07)
 * 3. `RateLimit-Limit`, `RateLimit-Remaining`, `RateLimit-Reset` (-06 and before)
 * 4. `X-RateLimit-Limit`, … and `X-Rate-Limit-Limit`, … (nobody's)
 *
 * Limits that say their window by their name (`X-RateLimit-Limit-Minute`, …) come beside any of them.
 */
import { type Headers, madeAt } from './http-date.ts'
import { type Family, family, readBucket, readFamily } from './limit-family.ts'
import { countOf, isOfRequests, joinPolicies, readPolicies, windowOf } from './quota-policy.ts'
import { DAY_MS, HOUR_MS, MINUTE_MS, parseReset, SECOND_MS, YEAR_MS } from './reset-time.ts'
import { type BareItem, parseMembers } from './structured-field.ts'

export { retryAfterMs } from './retry-after.ts'

/** One limit as a reply announces it. null: not said. */
export type AnnouncedLimit = {
  /** The policy's name, or the suffix of its headers (`minute`, `requests`); '' where it has none. */
  name: string
  /** Requests a window. */
  quota: number | null
  /** Length of the window, ms. */
  windowMs: number | null
  /** Requests that may still be sent. No promise, and others may use them up. */
  remaining: number | null
  /** From the moment of the reply until more (or all) quota is there, ms. At most a year. */
  resetMs: number | null
}

/** The drafts fix the unit of a reset as seconds; an instant is told from it all the same, since GitLab writes one. */
const DRAFT = family('ratelimit', { longestResetMs: YEAR_MS })
const USUAL = [family('x-ratelimit'), family('x-rate-limit')]
/** A month has 31 days: slower is safer. `requests` is a vendor's word for what is no tokens, of whatever window. */
const WINDOWS: Readonly<Record<string, number | null>> = {
  second: SECOND_MS,
  minute: MINUTE_MS,
  hour: HOUR_MS,
  day: DAY_MS,
  month: 31 * DAY_MS,
  year: YEAR_MS,
  requests: null,
}
const WINDOWED: readonly Family[] = [
  ...['x-ratelimit', 'x-rate-limit'].flatMap((stem) =>
    Object.entries(WINDOWS).map(([name, windowMs]) => family(stem, { suffix: `-${name}`, name, windowMs })),
  ),
  // RapidAPI's and API-Sports' word order, for the quota of a plan: seconds, up to a month.
  family('x-ratelimit-requests', { name: 'requests', longestResetMs: 31 * DAY_MS }),
]

/** Dialects 1 and 2. */
const readField = (value: string | null, at: number): AnnouncedLimit[] => {
  const members = value === null ? [] : (parseMembers(value) ?? [])
  const reset = (item: BareItem | undefined): number | null => parseReset(String(item ?? ''), at, YEAR_MS)
  const items = members.flatMap(({ key, value: name, parameters }): AnnouncedLimit[] => {
    const remaining = countOf(parameters.get('r'))
    if (key !== null || typeof name !== 'string' || remaining === null || !isOfRequests(parameters)) return []
    const quota = countOf(parameters.get('q'))
    return [{ name, quota, windowMs: windowOf(parameters.get('w')), remaining, resetMs: reset(parameters.get('t')) }]
  })
  if (items.length > 0) return items
  const said = new Map(members.map(({ key, value: item }) => [key, item]))
  const quota = countOf(said.get('limit'))
  const remaining = countOf(said.get('remaining'))
  return quota === null && remaining === null
    ? []
    : [{ name: '', quota, windowMs: null, remaining, resetMs: reset(said.get('reset')) }]
}

/** Kong says the window that binds most a second time, without its name but with its reset. */
const mergeWindows = (limits: readonly AnnouncedLimit[], windowed: readonly AnnouncedLimit[]): AnnouncedLimit[] => {
  const merged = [...windowed]
  const others = limits.filter((limit) => {
    if (limit.name !== '' || limit.windowMs !== null || limit.quota === null || limit.remaining === null) return true
    const at = merged.findIndex(
      ({ quota, remaining, windowMs }) =>
        quota === limit.quota && remaining === limit.remaining && (limit.resetMs ?? 0) <= (windowMs ?? YEAR_MS),
    )
    if (at >= 0) merged[at] = { ...merged[at]!, resetMs: merged[at]!.resetMs ?? limit.resetMs }
    return at < 0
  })
  return [...others, ...merged]
}

/**
 * The limits on the number of requests that a reply announces; [] when it says nothing usable, or comes from a cache and
 * so says what was once. Never throws. `now` (ms since 1970) stands in for the reply's own `Date`.
 */
export const readLimits = (headers: Headers, now: number): AnnouncedLimit[] => {
  if (Number(headers.get('age')) > 0) return []
  const at = madeAt(headers, now)
  const policies = readPolicies(headers.get('ratelimit-policy') ?? headers.get('x-ratelimit-policy'))
  const field = readField(headers.get('ratelimit'), at)
  const families = field.length > 0 ? [] : [DRAFT, ...USUAL]
  const found = families
    .values()
    .map((each) => readFamily(headers, each, at, policies))
    .find(({ limits, policies: own }) => limits.length > 0 || own.length > policies.length)
  const windowed = WINDOWED.flatMap((each) => readFamily(headers, each, at, []).limits)
  const bucket = found?.policies.length ? [] : readBucket(headers)
  const limits = bucket.length > 0 ? bucket : joinPolicies(found?.limits ?? field, found?.policies ?? policies)
  // A limit of nothing has let this reply in: it stands for none.
  return mergeWindows(limits, windowed).filter(({ quota }) => quota !== 0)
}
