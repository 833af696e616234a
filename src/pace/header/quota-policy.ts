import type { AnnouncedLimit } from './limit-headers.ts'
import { YEAR_MS } from './reset-time.ts'
import { type BareItem, type Member, parseMembers } from './structured-field.ts'

/** What `RateLimit-Policy` says of one limit, whoever is counted. */
export type QuotaPolicy = {
  /** '' before draft -08, where policies had no names. */
  name: string
  /** In units. */
  quota: number | null
  windowMs: number | null
  /** Whether the unit is a request: not bytes, and not requests at the same time. */
  ofRequests: boolean
}

/** A whole number of requests, 0 or more. Spring Cloud Gateway's -1 means that it does not know. */
export const countOf = (item: BareItem | undefined): number | null =>
  typeof item === 'number' && item >= 0 ? Math.floor(item) : null

/** Seconds as ms, more than 0 and at most a year. */
export const windowOf = (item: BareItem | undefined): number | null =>
  typeof item === 'number' && item > 0 && item * 1000 <= YEAR_MS ? item * 1000 : null

/** The draft's registry writes `request`, its text `requests`. */
export const isOfRequests = (parameters: Member['parameters']): boolean =>
  ['requests', 'request'].includes(String(parameters.get('qu') ?? 'requests'))

const policyOf = ({ value, parameters }: Member): QuotaPolicy => {
  const named = typeof value === 'string'
  return {
    name: named ? value : '',
    quota: countOf(named ? parameters.get('q') : value),
    windowMs: windowOf(parameters.get('w') ?? parameters.get('window')),
    ofRequests: isOfRequests(parameters),
  }
}

/** `"burst";q=100;w=60` of the current draft, or `100;w=60` of the older ones. Without a quota a policy is none. */
export const readPolicies = (value: string | null): QuotaPolicy[] =>
  (parseMembers(value ?? '') ?? [])
    .filter(({ key }) => key === null)
    .map(policyOf)
    .filter(({ quota }) => quota !== null)

/** By name; without a name by quota, the longest window of several, which binds most; else the only one there is. */
const policyFor = (
  limit: AnnouncedLimit,
  policies: readonly QuotaPolicy[],
  taken: ReadonlySet<QuotaPolicy>,
): QuotaPolicy | undefined => {
  if (limit.name !== '') {
    const namesakes = policies.filter(({ name }) => name === limit.name)
    return namesakes.find((policy) => !taken.has(policy)) ?? namesakes[0]
  }
  if (limit.quota === null) return policies.length === 1 ? policies[0] : undefined
  const same = policies.filter(({ quota }) => quota === limit.quota)
  return same.sort((a, b) => (b.windowMs ?? 0) - (a.windowMs ?? 0))[0]
}

/** Each limit with what its policy adds, then the policies that belong to none. Only what counts requests. */
export const joinPolicies = (limits: readonly AnnouncedLimit[], policies: readonly QuotaPolicy[]): AnnouncedLimit[] => {
  if (policies.length === 0) return [...limits]
  const ours = policies.filter(({ ofRequests }) => ofRequests)
  const foreign = new Set(policies.filter(({ ofRequests }) => !ofRequests).map(({ name }) => name))
  const taken = new Set<QuotaPolicy>()
  const joined = limits
    .filter(({ name }) => name === '' || !foreign.has(name))
    .map((limit) => {
      const policy = policyFor(limit, ours, taken)
      if (!policy) return limit
      taken.add(policy)
      return {
        ...limit,
        name: policy.name,
        quota: limit.quota ?? policy.quota,
        windowMs: limit.windowMs ?? policy.windowMs,
      }
    })
  const rest = ours.filter((policy) => !taken.has(policy))
  return [
    ...joined,
    ...rest.map(({ name, quota, windowMs }) => ({ name, quota, windowMs, remaining: null, resetMs: null })),
  ]
}
