/** Which concerns somebody is told of, which are settled, and how long a webhook that fails is left alone. Pure. */
import type { Concern } from './health.ts'

/** The others are good to see in a status, and no reason to wake anybody. */
export const ALERT_KINDS = ['failed', 'stuck', 'incomplete-twice', 'held', 'stale', 'drift'] as const
export type AlertKind = (typeof ALERT_KINDS)[number]

export type Alerted = Concern & { kind: AlertKind }
export type OpenAlert = { id: string; kind: string }
/** The latest run; null: there has been none. */
export type LastRun = { runId: string; status: string; mode: string } | null

const isAlerted = (concern: Concern): concern is Alerted => (ALERT_KINDS as readonly string[]).includes(concern.kind)

/**
 * Whether an alert whose concern is not seen any more is settled. A run that is on hides what the one before came to, and
 * an incremental one sees too few records to say that they are all as they are known to be.
 */
const isSettled = (kind: string, last: LastRun): boolean => {
  switch (kind as AlertKind) {
    case 'failed':
    case 'incomplete-twice':
      return last?.status === 'complete'
    case 'drift':
      return last?.status === 'complete' && last.mode === 'full'
    case 'stuck':
    case 'held':
    case 'stale':
      return true
    default:
      // Of a later version of this program, which knows.
      return false
  }
}

/** What is to be opened, for it is not open yet, and what is settled. */
export const decideAlerts = (
  concerns: readonly Concern[],
  open: readonly OpenAlert[],
  last: LastRun,
): { open: Alerted[]; settle: OpenAlert[] } => {
  const seen = concerns.filter(isAlerted)
  const isOpen = new Set(open.map(({ kind }) => kind))
  const isSeen = new Set<string>(seen.map(({ kind }) => kind))
  return {
    open: seen.filter(({ kind }) => !isOpen.has(kind)),
    settle: open.filter(({ kind }) => !isSeen.has(kind) && isSettled(kind, last)),
  }
}

/** What a webhook is sent, the same at every attempt. `at` is ms since 1970. */
export const alertBody = (
  { kind, weight, message }: Alerted,
  { id, source, last, at }: { id: string; source: string; last: LastRun; at: number },
): string =>
  JSON.stringify({
    type: `carsync.${kind}`,
    timestamp: new Date(at).toISOString(),
    data: { id, source, kind, weight, message, runId: last?.runId ?? null },
  })

const WAITS_MS = [2000, 10_000, 60_000, 300_000, 1_800_000] as const
const LONGEST_WAIT_MS = 7_200_000

/** How long after its `attempt`th failure (from 1) an alert is sent again, ms; never before the webhook wants it. */
export const resendInMs = (attempt: number, askedMs: number | null): number =>
  Math.max(WAITS_MS[attempt - 1] ?? LONGEST_WAIT_MS, Math.min(askedMs ?? 0, LONGEST_WAIT_MS))
