/** Which concerns somebody is told of, when they are over, and how long a webhook that fails is left alone. Pure. */
import type { Concern } from './health.ts'
import { someOf } from './some-of.ts'

/** The others are good to see in a status, and no reason to wake anybody. */
export const ALERT_KINDS = ['failed', 'stuck', 'incomplete-twice', 'feed', 'held', 'stale', 'drift'] as const
export type AlertKind = (typeof ALERT_KINDS)[number]

export type Alerted = Concern & { kind: AlertKind }
/** An alert that is open. `alertId` names the trouble in all that is told of it; `findings`: those that were told. */
export type OpenAlert = {
  id: string
  alertId: string
  kind: string
  weight: 'fault' | 'notice'
  message: string
  /** ISO 8601, UTC. */
  openedAt: string
  findings: readonly string[]
}
/** The latest run; null: there has been none. */
export type LastRun = { runId: string; status: string; mode: string } | null

/** An open alert of which there is more to tell than was told: `fresh` findings. */
export type Renewal = { of: OpenAlert; concern: Alerted; fresh: readonly string[] }

export type AlertDecision = { open: Alerted[]; renew: Renewal[]; settle: OpenAlert[] }

/** What a source that makes up a finding in every run can have told of one alert; what goes beyond is in the status. */
const MOST_TOLD = 200

const isAlerted = (concern: Concern): concern is Alerted => (ALERT_KINDS as readonly string[]).includes(concern.kind)

/**
 * Whether an alert whose concern is not seen any more is settled. A run that is on hides what the one before came to, and
 * an incremental one sees too few records to say that they are all as they are known to be.
 */
const isSettled = (kind: string, last: LastRun): boolean => {
  switch (kind as AlertKind) {
    case 'failed':
    case 'incomplete-twice':
    case 'feed':
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

/** What is to be opened, for it is not open yet, what there is more to tell of, and what is over. */
export const decideAlerts = (
  concerns: readonly Concern[],
  open: readonly OpenAlert[],
  last: LastRun,
): AlertDecision => {
  const seen = concerns.filter(isAlerted)
  const isOpen = new Set(open.map(({ kind }) => kind))
  const isSeen = new Set<string>(seen.map(({ kind }) => kind))
  return {
    open: seen.filter(({ kind }) => !isOpen.has(kind)),
    renew: open.flatMap((alert) => {
      const concern = seen.find(({ kind }) => kind === alert.kind)
      const fresh = concern?.findings?.filter((finding) => !alert.findings.includes(finding)) ?? []
      return concern && fresh.length > 0 && alert.findings.length < MOST_TOLD ? [{ of: alert, concern, fresh }] : []
    }),
    settle: open.filter(({ kind }) => !isSeen.has(kind) && isSettled(kind, last)),
  }
}

/** `id` is that of the message; `at` is ms since 1970. */
export type Telling = { id: string; source: string; last: LastRun; at: number }

const bodyOf = (type: string, at: number, data: Readonly<Record<string, unknown>>): string =>
  JSON.stringify({ type, timestamp: new Date(at).toISOString(), data })

/** What a webhook is sent of a new alert, the same at every attempt. */
export const alertBody = ({ kind, weight, message, findings }: Alerted, { id, source, last, at }: Telling): string => {
  const runId = last?.runId ?? null
  const data = { id, alertId: id, status: 'firing', source, kind, weight, message, runId }
  return bodyOf(`carsync.${kind}`, at, findings ? { ...data, findings } : data)
}

/** The same of an alert that was told before and of which there is more to tell. */
export const renewedAlert = (
  { of, concern, fresh }: Renewal,
  { id, source, last, at }: Telling,
): { message: string; body: string } => {
  const { kind, weight } = concern
  const message = `${concern.message}; new: ${someOf(fresh)}`
  const findings = [...of.findings, ...fresh].slice(0, MOST_TOLD)
  const runId = last?.runId ?? null
  const data = { id, alertId: of.alertId, status: 'firing', source, kind, weight, message, runId, findings, fresh }
  return { message, body: bodyOf(`carsync.${kind}`, at, data) }
}

/** How the kind of a row is called that tells that an alert of this kind is over. */
export const overKind = (kind: string): string => `${kind}.resolved`

/** What a webhook is sent when an alert is over that was told. */
export const overAlert = (
  { alertId, kind, weight, message: was, openedAt }: OpenAlert,
  { id, source, last, at }: Telling,
): { message: string; body: string } => {
  // Records that are stored just so are not looked at: they may say still what they said.
  const message = kind === 'drift' ? `no longer seen in what was read: ${was}` : `over: ${was}`
  const runId = last?.runId ?? null
  const data = { id, alertId, status: 'resolved', source, kind, weight, message, openedAt, runId }
  return { message, body: bodyOf(`carsync.${overKind(kind)}`, at, data) }
}

/** What an earlier message of an open alert says of it; one of an earlier version names neither alert nor findings. */
export const toldIn = (id: string, body: string): Pick<OpenAlert, 'alertId' | 'findings'> => {
  const { data } = JSON.parse(body) as { data?: { alertId?: string; findings?: string[] } }
  return { alertId: data?.alertId ?? id, findings: data?.findings ?? [] }
}

const WAITS_MS = [2000, 10_000, 60_000, 300_000, 1_800_000] as const
/** An alert that failed is never sent later than so long after, ms. */
export const LONGEST_WAIT_MS = 7_200_000

/** How long after its `attempt`th failure (from 1) an alert is sent again, ms; never before the webhook wants it. */
export const resendInMs = (attempt: number, askedMs: number | null): number =>
  Math.max(WAITS_MS[attempt - 1] ?? LONGEST_WAIT_MS, Math.min(askedMs ?? 0, LONGEST_WAIT_MS))
