/** A rate limiter that nobody here wrote, put in front of a demo inventory. */
import type { Allowance } from './lower-bound.ts'

export type StartedLimiter = {
  /** Stands for the address of the upstream: the same path on another port. */
  url: string
  /** Requests refused since the start. A process says so in its log, which may come a moment after the answer. */
  refused(): number
  close(): Promise<void>
}

export type Limiter = {
  name: string
  limit: Allowance
  /** null: it can be started; else the sentence that says what is missing and how to get it. */
  available(): string | null
  /** `upstreamUrl` is the demo's, for example `http://127.0.0.1:4010/api`. */
  start(upstreamUrl: string): Promise<StartedLimiter>
}
