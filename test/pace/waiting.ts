/** A source with a bucket that names a wait, asked at a pace until it refuses, and again after the wait. */
import type { Bucket, Opening } from '../../src/pace/bucket/bucket.ts'
import { admit, noTraffic, refuse, type Traffic } from '../../src/pace/traffic.ts'
import { NOW } from './driving.ts'

export type Asked = {
  rate: number
  burst: number
  waitMs: number
  /** Requests per second before each refusal. */
  paces: readonly number[]
  /** After the first refusal it is asked for so little for a while. */
  slowFirst?: { pace: number; forMs: number }
}

export type Met = { walls: Bucket['walls']; opening: Opening; traffic: Traffic; now: number }

/** `from`: what went before; then the bucket is empty. */
export const metBy = ({ rate, burst, waitMs, paces, slowFirst }: Asked, from: Met | null = null): Met => {
  let now = from?.now ?? NOW
  let tokens = from === null ? burst : Math.min(burst, (rate * waitMs) / 1000)
  let traffic = from?.traffic ?? noTraffic
  const walls = [...(from?.walls ?? [])]
  let opening = from?.opening ?? null

  /** Whether it was let in. */
  const ask = (afterMs: number): boolean => {
    now += afterMs
    tokens = Math.min(burst, tokens + (rate * afterMs) / 1000)
    const isIn = tokens >= 1
    if (isIn) tokens--
    traffic = isIn ? admit(traffic, now) : refuse(traffic, now)
    return isIn
  }

  for (const pace of paces) {
    const slowUntil = slowFirst !== undefined && walls.length === 1 ? now + slowFirst.forMs : now
    while (now < slowUntil) ask(1000 / slowFirst!.pace)
    while (ask(1000 / pace));
    walls.push({ at: now, lostMs: 0 })
    opening ??= { admitted: traffic.admitted, wallAt: now }
    now += waitMs
    tokens = Math.min(burst, tokens + (rate * waitMs) / 1000)
  }
  return { walls, opening: opening!, traffic, now }
}
