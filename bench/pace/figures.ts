/** The pictures of docs/pace.md: one run of each kind of limit. */
import { type Scenario, scenario } from './scenario.ts'
import { bucket, counter, fixed, sliding } from './table.ts'

export type Figure = {
  /** Of the file, after `pace-`. */
  file: string
  /** Its name is the title. */
  scenario: Scenario
  /** What is shown, seconds from the beginning, and the width of a step. */
  seconds: number
  stepS: number
}

const HALVES = { afterMs: 80_000, limit: bucket(5, 10) }

export const figures = (): Figure[] => [
  {
    file: 'bucket',
    scenario: scenario('Token bucket: 10 a second, burst 60; bare 429', bucket(10, 60), 'silent'),
    seconds: 100,
    stepS: 1,
  },
  {
    file: 'narrow-bucket',
    scenario: scenario('Token bucket without burst: 5 a second; bare 429', bucket(5, 1), 'silent'),
    seconds: 100,
    stepS: 1,
  },
  {
    file: 'moving-limit',
    scenario: scenario('Token bucket that halves after 80 s: 10, then 5 a second; bare 429', bucket(10, 10), 'silent', {
      change: HALVES,
    }),
    seconds: 200,
    stepS: 2,
  },
  {
    file: 'fixed-window',
    scenario: scenario('Fixed window: 100 a minute, any phase; bare 429', fixed(100, 60, 37_210), 'silent'),
    seconds: 480,
    stepS: 5,
  },
  {
    file: 'sliding-window',
    scenario: scenario('Sliding window: 60 a minute; bare 429', sliding(60, 60), 'silent'),
    seconds: 480,
    stepS: 5,
  },
  {
    file: 'counter',
    scenario: scenario('Sliding counter: 60 a minute; Retry-After', counter(60, 60), 'retry-after'),
    seconds: 480,
    stepS: 5,
  },
  {
    file: 'short-window',
    scenario: scenario('Window of one second: 20; bare 429', fixed(20, 1, 400), 'silent'),
    seconds: 60,
    stepS: 1,
  },
  {
    file: 'cap',
    scenario: scenario('At most 8 at once; bare 429', { kind: 'concurrency', cap: 8 }, 'silent'),
    seconds: 40,
    stepS: 0.5,
  },
  {
    file: 'latency',
    scenario: scenario(
      'Never refused, but 10 servers and a line before them',
      { kind: 'queue', servers: 10, thrashAt: null },
      'silent',
    ),
    seconds: 24,
    stepS: 0.5,
  },
  {
    file: 'announced',
    scenario: scenario('Fixed window: 600 a minute; RateLimit on every answer', fixed(600, 60, 17_830), 'headers'),
    seconds: 200,
    stepS: 2,
  },
  {
    file: 'no-limit',
    scenario: scenario('No limit', { kind: 'none' }, 'silent'),
    seconds: 18,
    stepS: 0.5,
  },
]
