/**
 * `rate-limiter-flexible` on plain node:http: windows that open at a client's first request, refused requests counted.
 * Its Retry-After is what the package's documentation makes of it: seconds with a fraction.
 */
import { BurstyRateLimiter, RateLimiterMemory, RateLimiterRes } from 'rate-limiter-flexible'
import type { Limiter } from './limiter.ts'
import type { Allowance } from './lower-bound.ts'
import { serveLimited } from './serve-limited.ts'

type Consumer = Pick<RateLimiterMemory, 'consume'>

/** What the answer says of the limit, refused or not. */
type Tell = (state: RateLimiterRes, refused: boolean) => Record<string, string>

const flexible = (name: string, limit: Allowance, limiterOf: () => Consumer, tell: Tell): Limiter => ({
  name: `rate-limiter-flexible ${name}`,
  limit,
  available: () => null,
  start: (upstreamUrl) => {
    const limiter = limiterOf()
    return serveLimited(upstreamUrl, (forward) => (incoming, response) => {
      const say = (state: RateLimiterRes, refused: boolean): void => {
        for (const [name, value] of Object.entries(tell(state, refused))) response.setHeader(name, value)
      }
      limiter.consume(incoming.socket.remoteAddress ?? '').then(
        (state) => {
          say(state, false)
          forward(incoming, response)
        },
        (state: unknown) => {
          if (!(state instanceof RateLimiterRes)) return response.destroy()
          say(state, true)
          response.writeHead(429, { 'content-type': 'text/plain' }).end('Too Many Requests')
        },
      )
    })
  },
})

const windowOf = (points: number, seconds: number): Allowance => ({
  kind: 'fixed-window',
  quota: points,
  windowMs: seconds * 1000,
})

const retryAfter = (state: RateLimiterRes): Record<string, string> => ({
  'Retry-After': String(state.msBeforeNext / 1000),
})

export const flexibleLimiters: readonly Limiter[] = [
  flexible(
    'RateLimiterMemory 30 in 1 s',
    windowOf(30, 1),
    () => new RateLimiterMemory({ points: 30, duration: 1 }),
    // The documented set, which is the same on every answer: Retry-After stands on a 200 too.
    (state) => ({
      ...retryAfter(state),
      'X-RateLimit-Limit': '30',
      'X-RateLimit-Remaining': String(state.remainingPoints),
      'X-RateLimit-Reset': String(Math.ceil((Date.now() + state.msBeforeNext) / 1000)),
    }),
  ),
  flexible(
    'BurstyRateLimiter 20 in 1 s and 40 in 5 s',
    { kind: 'any', of: [windowOf(20, 1), windowOf(40, 5)] },
    () =>
      new BurstyRateLimiter(
        new RateLimiterMemory({ points: 20, duration: 1 }),
        new RateLimiterMemory({ keyPrefix: 'burst', points: 40, duration: 5 }),
      ),
    (state, refused) => (refused ? retryAfter(state) : {}),
  ),
]
