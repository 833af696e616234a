/** Judges how things are, keeps what somebody should be told of, and tells them. */

import { alertBody, decideAlerts, type LastRun, overAlert, overKind, renewedAlert, resendInMs } from '../run/alerts.ts'
import type { Store } from '../store/store.ts'
import type { World } from '../world.ts'
import type { AlertTarget } from './alert-target.ts'
import { readHealth } from './read-health.ts'
import { sendAlert } from './send-alert.ts'

/** `left`: still to be sent, now or later; `why`: what came of the last attempt that failed. */
export type Told = { delivered: number; left: boolean; why: string | null }

export type TellSettings = {
  source: string
  staleHours: number
  /** null: alerts are kept and not sent. */
  target: AlertTarget | null
  /** How long one answer of the webhook is waited for. */
  timeoutMs?: number
  /** For so long an alert that failed is tried again, ms. */
  patienceMs: number
  stop: AbortSignal
}

const TIMEOUT_MS = 10_000
/** A claim must outlive its request, or two would send the same alert side by side. */
const CLAIM_SPARE_MS = 20_000
const LEAST_SLEEP_MS = 50

/** What the next run hides. */
const HIDDEN_BY_A_RUN: readonly string[] = ['failed', 'incomplete-twice', 'feed']

type JudgeSettings = Pick<TellSettings, 'source' | 'staleHours' | 'target'>

/**
 * To be called before a run: keeps what the one before came to, should its process have been killed before it could say so.
 * Nothing is sent and nothing settled.
 */
export const keepLastEnd = async (store: Store, world: World, settings: JudgeSettings): Promise<void> => {
  // Most ends leave nothing to keep.
  const [last] = await store.runs(1)
  if (last?.status === 'failed' || last?.status === 'incomplete') await judge(store, world, settings, HIDDEN_BY_A_RUN)
}

/**
 * Opens alerts for what is wrong, tells more of those of which there is more, and settles those whose concern is over; with
 * `only`, opens those of these kinds.
 */
const judge = async (
  store: Store,
  world: World,
  { source, staleHours, target }: JudgeSettings,
  only?: readonly string[],
): Promise<void> => {
  // Read first: what another process opens from now on is not settled by what is seen here.
  const before = await store.openAlerts()
  const [run] = await store.runs(1)
  const last: LastRun = run ? { runId: run.runId, status: run.status, mode: run.mode } : null
  const at = world.now()
  const decided = decideAlerts(await readHealth(store, staleHours, at), before, last)
  const telling = () => ({ id: world.uuid(), source, last, at })
  const opened = decided.open.filter(({ kind }) => only?.includes(kind) ?? true)
  const open = opened.map((concern) => {
    const { kind, weight, message } = concern
    const about = telling()
    return { id: about.id, kind, weight, message, body: alertBody(concern, about) }
  })
  const renew = (only ? [] : decided.renew).map((renewal) => {
    const { kind, weight } = renewal.concern
    const about = telling()
    return { of: renewal.of.id, by: { id: about.id, kind, weight, ...renewedAlert(renewal, about) } }
  })
  const settle = (only ? [] : decided.settle).map((alert) => {
    const about = telling()
    const { weight } = alert
    return { of: alert.id, by: { id: about.id, kind: overKind(alert.kind), weight, ...overAlert(alert, about) } }
  })
  if (open.length + renew.length + settle.length === 0) return
  await store.recordAlerts({ open, renew, settle, send: target !== null })
}

/** Sends what is due until nothing is, or until nothing more will be within the patience. */
const deliver = async (
  store: Store,
  world: World,
  target: AlertTarget,
  { timeoutMs = TIMEOUT_MS, patienceMs, stop }: TellSettings,
): Promise<Told> => {
  await store.queueAlerts()
  const until = world.now() + patienceMs
  let delivered = 0
  let why: string | null = null
  while (!stop.aborted && (why === null || world.now() <= until)) {
    const claim = await store.claimAlert(timeoutMs + CLAIM_SPARE_MS)
    if (claim === null) {
      const inMs = await store.nextAlertInMs()
      if (inMs === null) return { delivered, left: false, why: null }
      if (world.now() + inMs > until) break
      await world.sleep(Math.max(LEAST_SLEEP_MS, inMs), stop)
      continue
    }
    const sent = await sendAlert(target, claim, world, timeoutMs, stop)
    if (sent.kind === 'delivered') {
      await store.keepDelivered(claim)
      delivered++
    } else if (sent.kind === 'failed') {
      why = sent.why
      await store.keepUndelivered(claim, sent.why, resendInMs(claim.attempt, sent.askedMs))
    }
  }
  return { delivered, left: (await store.nextAlertInMs()) !== null, why }
}

/** Throws what the database throws; a webhook that fails is told in the answer, and the alert is kept for the next time. */
export const tellAlerts = async (store: Store, world: World, settings: TellSettings): Promise<Told> => {
  await judge(store, world, settings)
  if (settings.target === null) return { delivered: 0, left: false, why: null }
  return deliver(store, world, settings.target, settings)
}
