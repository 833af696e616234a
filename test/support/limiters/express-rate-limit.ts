/**
 * `express-rate-limit` with its memory store: windows that open at a client's first request. Refused requests count, which
 * changes nothing within a window. With any of its headers on, a refusal also has Retry-After, in whole seconds rounded up.
 */
import express from 'express'
import { type Options, rateLimit } from 'express-rate-limit'
import type { Limiter } from './limiter.ts'
import { serveLimited } from './serve-limited.ts'

type Headers = Pick<Options, 'standardHeaders' | 'legacyHeaders'>

type FixedWindow = { kind: 'fixed-window'; quota: number; windowMs: number }

/** One limiter after the other, so that what the first refuses the second does not count. */
const inFront = (headers: Headers, ...of: FixedWindow[]): Pick<Limiter, 'available' | 'start'> => ({
  available: () => null,
  start: (upstreamUrl) =>
    serveLimited(upstreamUrl, (forward) => {
      const app = express()
      for (const { quota, windowMs } of of) app.use(rateLimit({ windowMs, limit: quota, ...headers }))
      app.use(forward)
      return app
    }),
})

const expressRateLimit = (name: string, quota: number, windowMs: number, headers: Headers): Limiter => {
  const limit = { kind: 'fixed-window', quota, windowMs } as const
  return { name: `express-rate-limit ${quota} in ${windowMs / 1000} s, ${name}`, limit, ...inFront(headers, limit) }
}

const SILENT: Headers = { standardHeaders: false, legacyHeaders: false }

/** So many a second, and so many in a longer time. */
const bothSilent = (...of: FixedWindow[]): Limiter => ({
  name: `express-rate-limit ${of.map(({ quota, windowMs }) => `${quota} in ${windowMs / 1000} s`).join(' and ')}, no headers`,
  limit: { kind: 'all', of },
  ...inFront(SILENT, ...of),
})

export const expressLimiters: readonly Limiter[] = [
  expressRateLimit('draft-8', 60, 3000, { standardHeaders: 'draft-8', legacyHeaders: false }),
  expressRateLimit('draft-6', 150, 5000, { standardHeaders: 'draft-6', legacyHeaders: false }),
  expressRateLimit('X-RateLimit-*', 60, 2000, { standardHeaders: false, legacyHeaders: true }),
  expressRateLimit('no headers', 80, 4000, SILENT),
  bothSilent(
    { kind: 'fixed-window', quota: 20, windowMs: 1000 },
    { kind: 'fixed-window', quota: 150, windowMs: 15_000 },
  ),
]
