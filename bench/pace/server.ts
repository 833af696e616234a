/** The server of a simulation: its limiter, its time to answer, and what it tells of its limit. Instants are ms since 1970. */
import type { AnnouncedLimit } from '../../src/pace/header/limit-headers.ts'
import { type Answer, admit, type LimiterState, release } from './limiter.ts'
import { type Scenario, type Slow, STRAGGLER_TIMES, type Tells } from './scenario.ts'

export type Served = {
  status: 200 | 429 | 500
  /** When the answer leaves the server. */
  leavesAt: number
  retryAfterMs: number | null
  limits: AnnouncedLimit[]
}

export type Server = {
  arrive(at: number): Served
  /** The answer to an admitted request has left: its place is free. */
  leave(): void
  /** What its limiter remembers. */
  state(): LimiterState
}

/** A refusal is quick: nothing is computed. */
const REFUSAL_MS = 5

const gaussian = (random: () => number): number =>
  Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random())

const exponential = (mean: number, random: () => number): number => -Math.log(1 - random()) * mean

/** A one-way trip through the network, ms. */
export const tripMs = ({ wayMs, jitterMs }: Scenario, random: () => number): number =>
  wayMs + Math.abs(gaussian(random)) * jitterMs

/**
 * What is read of what the server writes at `at`, in whole seconds, into `RateLimit` and `RateLimit-Policy`, or `X-RateLimit-Reset`
 * beside its `Date`; nothing of requests at once, nor of a limit that is untold.
 */
const announce = (
  tells: Tells,
  limit: Scenario['limit'],
  at: number,
  answer: Answer,
  name = 'default',
): AnnouncedLimit[] => {
  const { quota, windowMs, remaining, resetMs } = answer
  if (limit.kind === 'concurrency' || tells === 'silent' || tells === 'retry-after') return []
  if (limit.kind === 'several') {
    return limit.limits.flatMap((each, i) =>
      each.untold ? [] : announce(tells, each, at, answer.parts![i]!, `limit-${i}`),
    )
  }
  if (tells === 'headers') return [{ name, quota, windowMs, remaining, resetMs: wholeSeconds(resetMs) * 1000 }]
  const seconds = Math.ceil((at + resetMs) / 1000) - Math.floor(at / 1000)
  return [{ name: '', quota, windowMs: null, remaining, resetMs: seconds * 1000 }]
}

/** What a refusal tells: where one limit alone has refused, that may be less than what the source tells of the others. */
const tellsOf = (tells: Tells, limit: Scenario['limit'], { parts = [] }: Answer): Tells => {
  const refusing = limit.kind === 'several' ? limit.limits.filter((_, i) => !parts[i]!.ok) : []
  return refusing.length === 1 && refusing[0]!.untold === 'silent' ? 'silent' : tells
}

const wholeSeconds = (ms: number): number => Math.max(1, Math.ceil(ms / 1000))

/** Requests in line before a number of servers: when one that arrives is answered. */
const openLine = ({ servers, thrashAt }: Slow, serviceMs: number, random: () => number) => {
  const freeAt = Array.from({ length: servers }, () => 0)
  let inside: number[] = []
  return (at: number): number => {
    inside = inside.filter((until) => until > at)
    const slower = thrashAt === null ? 1 : Math.max(1, inside.length / thrashAt)
    const first = freeAt.indexOf(Math.min(...freeAt))
    const doneAt = Math.max(at, freeAt[first]!) + exponential(serviceMs * slower, random)
    freeAt[first] = doneAt
    inside.push(doneAt)
    return doneAt
  }
}

/** A server that is first asked after `beginAt`, from when on a change of its limit is counted. */
export const createServer = (scenario: Scenario, beginAt: number, random: () => number): Server => {
  const { serviceMs, tells, change, tenant } = scenario
  let state: LimiterState = { kind: 'fresh' }
  let tenantAt = tenant > 0 ? beginAt + exponential(1000 / tenant, random) : Number.POSITIVE_INFINITY
  const inLine = scenario.limit.kind === 'queue' ? openLine(scenario.limit, serviceMs, random) : null

  const limitAt = (at: number): Scenario['limit'] =>
    change !== null && at >= beginAt + change.afterMs ? change.limit : scenario.limit

  const serviceTime = (): number => {
    const time = serviceMs * Math.exp(0.2 * gaussian(random))
    return random() < scenario.stragglers ? time * STRAGGLER_TIMES : time
  }

  const answered = (leavesAt: number, limits: AnnouncedLimit[]): Served => ({
    status: random() < scenario.errors ? 500 : 200,
    leavesAt,
    retryAfterMs: null,
    limits,
  })

  const decide = (at: number): { limit: Scenario['limit']; answer: Answer | null } => {
    const limit = limitAt(at)
    if (limit.kind === 'none' || limit.kind === 'queue') return { limit, answer: null }
    const answer = admit(limit, state, at)
    state = answer.state
    return { limit, answer }
  }

  return {
    arrive(at) {
      while (tenantAt <= at) {
        decide(tenantAt)
        tenantAt += exponential(1000 / tenant, random)
      }
      if (scenario.shed > 0 && random() < scenario.shed)
        return { status: 429, leavesAt: at + REFUSAL_MS, retryAfterMs: tells === 'silent' ? null : 1000, limits: [] }
      const { limit, answer } = decide(at)
      if (answer === null) return answered(inLine === null ? at + serviceTime() : inLine(at), [])
      if (answer.ok) return answered(at + serviceTime(), announce(tells, limit, at, answer))
      const saying = tellsOf(tells, limit, answer)
      return {
        status: 429,
        leavesAt: at + REFUSAL_MS,
        retryAfterMs: saying === 'silent' ? null : wholeSeconds(answer.resetMs) * 1000,
        limits: announce(saying, limit, at, answer),
      }
    },
    leave() {
      state = release(state)
    },
    state: () => state,
  }
}
