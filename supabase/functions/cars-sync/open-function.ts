/** Puts the parts together for one worker: its settings, its few connections, and the slices it runs. */
import {
  assertInPlace,
  assertPermitted,
  type Database,
  type Due,
  explained,
  messageOf,
  openPostgres,
  realWorld,
  type Store,
  type Summary,
  sourceNamed,
  storeOver,
  tellAlerts,
} from '../../../src/mod.ts'
import { handOver } from './hand-over.ts'
import { handle, type Parts } from './handle.ts'
import { type Limits, type Meter, openMeter } from './meter.ts'
import { meteredDatabase } from './metered.ts'
import { type Platform, thisPlatform } from './platform.ts'
import { type Slice, startSlice } from './run-slice.ts'
import { type FunctionSettings, readSettings } from './settings.ts'

/** The platform kills at 2 s of processor time; the rest is for the meter's error and for bringing home the last pages. */
const CPU_MS = 1100
/** At so much the platform gives a worker no new requests: one that gets another has spent less, whatever the meter says. */
const SOFT_CPU_MS = 1000
/**
 * All slices of a worker: whether the platform counts by request or by worker is not to be relied on, and what a slice leaves
 * uncollected the next one pays for.
 */
const WORKER_CPU_MS = 1200
/**
 * What a slice's first pages are taken for, ms: 1000 cars on a slow machine. Those of the feed have all changed, so each is compared
 * with what is stored; were they taken for others, a slice would have begun more of them than it can pay for.
 */
const FIRST_PAGE_MS: Readonly<Record<Due['mode'], number>> = { full: 150, incremental: 450 }
/** The platform gives 256 MB; at the beginning of a slice some 60 are in use. */
const MEMORY_BYTES = 170 << 20
/** The platform warns at 90% of a worker's life; by then everything must be committed. */
const LIFE = 0.9
const TO_COMMIT_MS = 3000
/** A page that was asked for may take so long. */
const TO_ARRIVE_MS = 7000
/** A webhook that does not answer must not use up what a worker has left. */
const ALERT_TIMEOUT_MS = 5000
/** A connection that was lost is replaced; an outage is not waited out while somebody waits for an answer. */
const CALLER_PATIENCE_MS = 1000
/** With less left, another worker begins at once with more. */
const LEAST_MS = 3000

/** Until when pages may be asked for, and when everything must have ended, by the platform's clock. */
export const lifeOf = (bootedAt: number, wallMs: number): { askUntil: number; overAt: number } => {
  const overAt = bootedAt + wallMs * LIFE - TO_COMMIT_MS
  return { askUntil: overAt - Math.min(TO_ARRIVE_MS, wallMs / 4), overAt }
}

/** Over the same connections: a slice waits for an outage to pass, whoever called does not. */
type Stores = { working: Store; answering: Store }

export type EdgeFunction = {
  answer(request: Request): Promise<Response>
  /** Gives its connections back. */
  close(): Promise<void>
}

/** Opens the function over a platform. Nothing is read or connected before the first call. */
export const openFunction = (platform: Platform = thisPlatform()): EdgeFunction => {
  let settings: FunctionSettings | null = null
  let stores: Promise<Stores> | null = null
  let meter: Meter | null = null
  let alreadyMs = 0
  const over = new AbortController()
  platform.onEnd(() => over.abort())

  const settingsOf = (): FunctionSettings => {
    settings ??= readSettings(platform.env())
    return settings
  }

  const open = async (): Promise<Stores> => {
    const { databaseUrl, options } = settingsOf()
    const { schema, source } = options
    const db: Database = meteredDatabase(openPostgres(databaseUrl), () => meter)
    try {
      // First of all, for a role that may not see the tables would be told that there are none.
      await assertPermitted(db, schema)
      await assertInPlace(db, schema)
    } catch (error) {
      await db.close()
      throw explained(error)
    }
    return {
      working: storeOver(db, { schema, source }, realWorld),
      answering: storeOver(db, { schema, source }, realWorld, undefined, () => CALLER_PATIENCE_MS),
    }
  }
  const storesOf = (): Promise<Stores> => {
    stores ??= open().catch((error: unknown) => {
      stores = null
      throw error
    })
    return stores
  }
  const storeOf = async (): Promise<Store> => (await storesOf()).working

  const begin = async (due: Due): Promise<Slice | null> => {
    const { wallMs } = settingsOf()
    const { askUntil, overAt } = lifeOf(platform.bootedAt, wallMs)
    const leftMs = overAt - platform.now()
    if (askUntil - platform.now() < Math.min(LEAST_MS, wallMs / 10) || over.signal.aborted) return null
    const cpuMs = Math.min(CPU_MS, WORKER_CPU_MS - Math.min(alreadyMs, SOFT_CPU_MS))
    const limits: Limits = { cpuMs, askUntil, memoryBytes: MEMORY_BYTES, firstPageMs: FIRST_PAGE_MS[due.mode] }
    const spent = openMeter(limits, platform.now, platform.memory)
    const slice = await startSlice({
      settings: settingsOf(),
      store: await storeOf(),
      source: sourceNamed(settingsOf().options.source),
      due,
      meter: spent,
      over: AbortSignal.any([over.signal, AbortSignal.timeout(Math.ceil(leftMs))]),
    })
    if (slice.kind === 'started') {
      meter = spent
      platform.waitUntil(finish(slice, spent))
    }
    return slice
  }

  /** Sees the slice to its end, and hands over what is left. */
  const finish = async ({ done, runId }: Slice & { kind: 'started' }, spent: Meter): Promise<void> => {
    const beganAt = platform.now()
    let ended: Summary['status'] | 'failed' = 'failed'
    try {
      const summary = await done
      ended = summary.status
      if (summary.reason !== undefined) platform.log(`${runId}: ${summary.status}, ${summary.reason}`)
    } catch (error) {
      platform.log(`${runId}: ${messageOf(error)}`)
    }
    const ms = Math.round(platform.now() - beganAt)
    alreadyMs += spent.cpuMs()
    const next = await nextDue()
    // A run that another worker goes on with, or has to end, has not ended.
    if (next?.reason !== 'unfinished' && next?.reason !== 'stopped') await tell()
    platform.log(
      JSON.stringify({
        slice: runId,
        ended,
        pages: spent.pages(),
        cpuMs: Math.round(spent.cpuMs()),
        ms,
        next: next?.reason ?? null,
      }),
    )
    if (next !== null) await wakeNext()
  }

  /** Tells of what is wrong now that a run has ended. What cannot be sent is kept for the next run. */
  const tell = async (): Promise<void> => {
    const { options, alerts: target } = settingsOf()
    const { source, staleHours } = options
    try {
      const told = { source, staleHours, target, timeoutMs: ALERT_TIMEOUT_MS, patienceMs: 0, stop: over.signal }
      const { why } = await tellAlerts(await storeOf(), realWorld, told)
      if (why !== null) platform.log(`An alert was not taken, and is kept: ${why}`)
    } catch (error) {
      platform.log(`Alerts cannot be judged: ${messageOf(error)}`)
    }
  }

  const nextDue = async (): Promise<Due | null> => {
    try {
      return await (await storeOf()).due()
    } catch (error) {
      platform.log(`What is due next cannot be read: ${messageOf(error)}`)
      return null
    }
  }

  const wakeNext = async (): Promise<void> => {
    const { ownUrl, secret, wallMs } = settingsOf()
    if (ownUrl === null) return
    const why = await handOver({
      url: ownUrl,
      secret,
      fetch,
      sleep: (ms) => realWorld.sleep(ms),
      patienceMs: platform.bootedAt + wallMs - platform.now(),
    })
    if (why !== null) platform.log(`The next slice could not be woken (${why}): cron does it at its next look.`)
  }

  const parts: Parts = {
    settings: settingsOf,
    store: async () => (await storesOf()).answering,
    begin,
    log: platform.log,
  }
  return {
    answer: (request) => handle(request, parts),
    close: async () => (await stores?.catch(() => null))?.working.close(),
  }
}
