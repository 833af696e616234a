/** Whether all is well with a source, from what the database says of it. One judgement for status, alerts and pages. Pure. */

import { type Covered, coveredUntil, holesIn } from './choose-mode.ts'
import { counted } from './counted.ts'

type Status = 'running' | 'complete' | 'incomplete' | 'failed' | 'abandoned' | 'busy'

export type HealthFacts = {
  now: number
  /** Data older than this is stale. */
  staleMs: number
  /** Newest first. */
  runs: readonly { status: Status; reason: string | null; unreadFeed: string | null }[]
  /** The latest run was taken up by a later process. */
  resumed: boolean
  /** Until when the holder of the lease is believed alive; null where nobody holds it. */
  leaseUntil: number | null
  /** When the latest run last committed anything; null where there is none. */
  lastCommitAt: number | null
  coverage: readonly Covered[]
  heldRemovals: number
  /** Records that could not be stored in the latest run. */
  rejected: number
  drift: Readonly<Record<string, number>>
}

export type Concern = {
  kind:
    | 'never'
    | 'failed'
    | 'stuck'
    | 'incomplete'
    | 'incomplete-twice'
    | 'feed'
    | 'stale'
    | 'hole'
    | 'held'
    | 'rejects'
    | 'drift'
  /** A fault wants somebody to act; a notice is good to know. */
  weight: 'fault' | 'notice'
  message: string
  /** The single ones, where the concern is about such. */
  findings?: readonly string[]
}

const HOUR_MS = 3_600_000
/** Between two slices of a relay nobody holds the lease, for a moment; cron wakes the next one after 15 s at the latest. */
const HAND_OVER_MS = 60_000
/** A run that nobody has worked on for so long is not taken up again. */
export const RESUMABLE_MS = 6 * HOUR_MS
const hours = (ms: number): string => `${Math.floor(ms / HOUR_MS)} h`
const because = (reason: string | null): string => (reason ? `: ${reason.replace(/\.$/, '')}` : '')

/** What the latest run could not have of the feeds, also where everything was read instead; `isEnd`: that is why it came to its end. */
const ofFeed = ({ runs: [last] }: HealthFacts): { concern: Concern; isEnd: boolean } | null => {
  if (!last || last.unreadFeed === null) return null
  const { status, reason, unreadFeed } = last
  const isEnd = (status === 'failed' || status === 'incomplete') && (reason?.startsWith(unreadFeed) ?? false)
  const said = `${unreadFeed.charAt(0).toLowerCase()}${unreadFeed.slice(1)}`
  const message = `${said}: everything is read instead, which takes a tenth of the time at most`
  return { concern: { kind: 'feed', weight: isEnd ? 'fault' : 'notice', message }, isEnd }
}

const ofRuns = ({ runs, resumed, leaseUntil, lastCommitAt, now }: HealthFacts): Concern[] => {
  const [last, before] = runs
  if (!last) return [{ kind: 'never', weight: 'fault', message: 'there has been no sync yet' }]
  if (last.status === 'failed')
    return [{ kind: 'failed', weight: 'fault', message: `the last run failed${because(last.reason)}` }]
  const isSilent = leaseUntil === null || leaseUntil <= now
  const idleMs = now - (lastCommitAt ?? 0)
  if (last.status === 'running' && isSilent && idleMs > HAND_OVER_MS) {
    const next =
      idleMs < RESUMABLE_MS ? 'the next sync takes it up' : 'it is too old to be taken up, so the next sync begins anew'
    const message = `a run is marked running, but its process gives no sign of life; ${next}`
    return [{ kind: 'stuck', weight: 'fault', message }]
  }
  if (last.status !== 'incomplete') return []
  // Taken up and again not completed is one row; what could not be taken up is left as abandoned.
  return resumed || before?.status === 'incomplete' || before?.status === 'abandoned'
    ? [
        {
          kind: 'incomplete-twice',
          weight: 'fault',
          message: `twice in a row the sync was not completed${because(last.reason)}`,
        },
      ]
    : [{ kind: 'incomplete', weight: 'notice', message: `the last run was not completed${because(last.reason)}` }]
}

const ofCoverage = ({ coverage, now, staleMs, runs }: HealthFacts): Concern[] => {
  const until = coveredUntil(coverage)
  if (until === null)
    return runs.length === 0 || runs[0]?.status === 'running'
      ? []
      : [{ kind: 'stale', weight: 'fault', message: 'no sweep has been completed yet' }]
  const holes = holesIn(coverage)
  return [
    ...(now - until > staleMs
      ? [
          {
            kind: 'stale',
            weight: 'fault',
            message: `the data is ${hours(now - until)} old (more than ${hours(staleMs)})`,
          } as const,
        ]
      : []),
    ...(holes.length > 0
      ? [
          {
            kind: 'hole',
            weight: 'fault',
            message: `changes were not read for ${holes.length === 1 ? 'a stretch' : `${holes.length} stretches`} of time; a full sync closes that`,
          } as const,
        ]
      : []),
  ]
}

/** What is wrong, faults first; empty: all is well. */
export const judgeHealth = (facts: HealthFacts): Concern[] => {
  const findings = Object.keys(facts.drift)
  const feed = ofFeed(facts)
  const concerns: Concern[] = [
    ...(feed === null ? [] : [feed.concern]),
    ...(feed?.isEnd ? [] : ofRuns(facts)),
    ...ofCoverage(facts),
    ...(facts.heldRemovals > 0
      ? [
          {
            kind: 'held',
            weight: 'fault',
            message: counted(
              facts.heldRemovals,
              'removal is held back and waits for a decision',
              'removals are held back and wait for a decision',
            ),
          } as const,
        ]
      : []),
    ...(facts.rejected > 0
      ? [
          {
            kind: 'rejects',
            weight: 'notice',
            message: `${counted(facts.rejected, 'record')} could not be stored in the last run`,
          } as const,
        ]
      : []),
    ...(findings.length > 0
      ? [
          {
            kind: 'drift',
            weight: 'notice',
            message: `the source's records differ from what is known in ${findings.length === 1 ? 'one way' : `${findings.length} ways`}`,
            findings,
          } as const,
        ]
      : []),
  ]
  return concerns.sort((a, b) => Number(a.weight === 'notice') - Number(b.weight === 'notice'))
}

/** The first line of a status. */
export const healthLine = (concerns: readonly Concern[]): string => {
  if (concerns.length === 0) return 'All is well.'
  const faults = concerns.filter(({ weight }) => weight === 'fault').length
  const said = concerns.map(({ message }) => message).join('; ')
  return faults > 0 ? `Not well: ${said}.` : `Well, but note: ${said}.`
}
