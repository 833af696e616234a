/**
 * The limiters of simulated sources: those of the demo inventory, a sliding counter, and several limits at once.
 *
 * A sliding counter keeps two numbers instead of a log: what was counted in this window and in the one before, which it
 * takes to have come evenly. So do HAProxy's `http_req_rate` and Cloudflare's limiter.
 */
import {
  type Admission,
  admit as admitOfDemo,
  countedIn,
  type LimitState as DemoState,
  type Limit,
  release as releaseOfDemo,
} from '../../demo/limits.ts'

export type SlidingCounter = {
  kind: 'sliding-counter'
  quota: number
  windowMs: number
  /** Refused requests count too, as with HAProxy. */
  countsRefused: boolean
  /** Its windows begin with the first request after a rest, as with HAProxy; else at whole multiples of their length. */
  fromFirst: boolean
}

/** A window that begins with the first request after the one before has ended, as with express-rate-limit. */
export type RestartingWindow = { kind: 'restarting-window'; quota: number; windowMs: number }

type OwnLimit = SlidingCounter | RestartingWindow
export type RateLimit = Exclude<Limit, { kind: 'concurrency' }> | OwnLimit
/** `untold`: of this one nothing is announced, and a refusal by it alone says nothing, be it in front of the others, or `Retry-After`. */
export type Part = (Limit | OwnLimit) & { untold?: 'silent' | 'retry-after' }
/** All of them hold at once. What one of them refuses is counted by none. */
export type Several = { kind: 'several'; limits: readonly Part[] }
export type SourceLimit = Limit | OwnLimit | Several
export type LimiterState =
  | DemoState
  | { kind: 'counter'; start: number; before: number; used: number }
  | { kind: 'several'; states: readonly LimiterState[] }
/** `parts`: what each says, where several hold at once. */
export type Answer = Omit<Admission, 'state'> & { state: LimiterState; parts?: readonly Answer[] }

const admitCounted = (limit: SlidingCounter, state: LimiterState, now: number): Answer => {
  const { quota, windowMs } = limit
  const phase = limit.fromFirst ? (state.kind === 'counter' && now - state.start < 2 * windowMs ? state.start : now) : 0
  const start = Math.floor((now - phase) / windowMs) * windowMs + phase
  const known = state.kind === 'counter' ? state : { start, before: 0, used: 0 }
  const passed = Math.min(2, Math.round((start - known.start) / windowMs))
  const before = passed === 0 ? known.before : passed === 1 ? known.used : 0
  const counted = passed === 0 ? known.used : 0
  const slid = before * (1 - (now - start) / windowMs)
  // A hair forgives rounding of a caller that waits exactly as told.
  const ok = slid + counted + 1 <= quota + 1e-6
  const used = ok || limit.countsRefused ? counted + 1 : counted
  const free = quota - 1 - used
  /** From the beginning of this window on. */
  const freeMs =
    free < 0 || before > 0
      ? free < 0
        ? windowMs * (2 - (quota - 1) / Math.max(used, quota - 1))
        : windowMs * Math.max(0, 1 - free / before)
      : 0
  return {
    state: { kind: 'counter', start, before, used },
    ok,
    quota,
    windowMs,
    remaining: Math.max(0, Math.floor(quota - slid - used)),
    resetMs: Math.max(0, start + freeMs - now),
  }
}

const admitRestarting = (limit: RestartingWindow, state: LimiterState, now: number): Answer => {
  const isOn = state.kind === 'window' && now < state.start + limit.windowMs
  return isOn ? countedIn(limit, state.start, state.used, now) : countedIn(limit, now, 0, now)
}

/** Of those that refuse, else of all, the one that says the most is the one that can be waited for longest. */
const admitSeveral = ({ limits }: Several, state: LimiterState, now: number): Answer => {
  const states = state.kind === 'several' ? state.states : limits.map((): LimiterState => ({ kind: 'fresh' }))
  const parts = limits.map((limit, i) => admit(limit, states[i]!, now))
  const refusing = parts.filter(({ ok }) => !ok)
  const ok = refusing.length === 0
  const last = (ok ? parts : refusing).reduce((one, other) => (other.resetMs > one.resetMs ? other : one))
  return { ...last, state: { kind: 'several', states: ok ? parts.map((each) => each.state) : states }, parts }
}

/** Decides on a request that arrives at `now`, ms since 1970. Begins with `{ kind: 'fresh' }`. */
export const admit = (limit: SourceLimit, state: LimiterState, now: number): Answer => {
  if (limit.kind === 'sliding-counter') return admitCounted(limit, state, now)
  if (limit.kind === 'restarting-window') return admitRestarting(limit, state, now)
  if (limit.kind === 'several') return admitSeveral(limit, state, now)
  return admitOfDemo(limit, state.kind === 'counter' || state.kind === 'several' ? { kind: 'fresh' } : state, now)
}

/** An admitted request has ended. */
export const release = (state: LimiterState): LimiterState => {
  if (state.kind === 'several') return { ...state, states: state.states.map(release) }
  return state.kind === 'counter' ? state : releaseOfDemo(state)
}

/** Requests per second in the long run; a cap has none. */
export const longRunRate = (limit: SourceLimit): number => {
  switch (limit.kind) {
    case 'concurrency':
      return Number.POSITIVE_INFINITY
    case 'token-bucket':
      return limit.rate
    case 'several':
      return Math.min(...limit.limits.map(longRunRate))
    default:
      return (limit.quota * 1000) / limit.windowMs
  }
}
