/** The limits that the pace was tuned on. */
import type { RateLimit, SlidingCounter } from './limiter.ts'
import { type Scenario, scenario, TELLS } from './scenario.ts'

export const bucket = (rate: number, burst: number): RateLimit => ({ kind: 'token-bucket', rate, burst })

export const fixed = (quota: number, seconds: number, phaseMs: number): RateLimit => ({
  kind: 'fixed-window',
  quota,
  windowMs: seconds * 1000,
  phaseMs,
})

export const sliding = (quota: number, seconds: number): RateLimit => ({
  kind: 'sliding-window',
  quota,
  windowMs: seconds * 1000,
})

export const restarting = (quota: number, seconds: number): RateLimit => ({
  kind: 'restarting-window',
  quota,
  windowMs: seconds * 1000,
})

export const counter = (quota: number, seconds: number, countsRefused = false, fromFirst = false): SlidingCounter => ({
  kind: 'sliding-counter',
  quota,
  windowMs: seconds * 1000,
  countsRefused,
  fromFirst,
})

export const tuned = (): Scenario[] => [
  ...TELLS.flatMap((tells) => [
    ...[1, 5, 10, 50].flatMap((rate) =>
      [1, 10, 60].map((burst) => scenario(`bucket ${rate}/s burst ${burst}`, bucket(rate, burst), tells)),
    ),
    scenario('fixed 100/min, on the minute', fixed(100, 60, 0), tells),
    scenario('fixed 100/min, any phase', fixed(100, 60, 37_210), tells),
    scenario('fixed 600/min, on the minute', fixed(600, 60, 0), tells),
    scenario('fixed 600/min, any phase', fixed(600, 60, 17_830), tells),
    scenario('sliding 60/min', sliding(60, 60), tells),
    scenario('counter 60/min', counter(60, 60), tells),
    scenario('counter 60/min, refused count', counter(60, 60, true), tells),
    scenario('fixed 20/s', fixed(20, 1, 400), tells),
    scenario('sliding 30/s', sliding(30, 1), tells),
    scenario('at most 4 at once', { kind: 'concurrency', cap: 4 }, tells),
    scenario('at most 8 at once', { kind: 'concurrency', cap: 8 }, tells),
  ]),
  scenario('slower with load, 10 servers', { kind: 'queue', servers: 10, thrashAt: null }, 'silent'),
  scenario('thrashing above 20', { kind: 'queue', servers: 10, thrashAt: 20 }, 'silent'),
  scenario('no limit', { kind: 'none' }, 'silent'),
]
