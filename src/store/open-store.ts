/** Puts the operations of this folder together over a database. */
import type { World } from '../world.ts'
import { readAlerts, readOpenAlerts, recordAlerts } from './alerts.ts'
import { readMovement, weighSeen } from './balance.ts'
import { readCarsPage } from './cars-page.ts'
import { closeForeignEra } from './change-eras.ts'
import { commitSurely } from './commit-surely.ts'
import { type OnWait, type Patience, retrying } from './connection/retrying.ts'
import { readModeState } from './coverage.ts'
import { type Database, namesOf } from './database.ts'
import { readDue } from './due.ts'
import { readInventory } from './inventory.ts'
import { knownCars } from './known-cars.ts'
import { readLearned, saveLearned } from './learned.ts'
import { beat, releaseLease, sourcesSynced, takeLease } from './lease.ts'
import { countNew, countSeen, readLedger } from './ledger.ts'
import { readLive } from './live.ts'
import { forgetSeen, keepAnswers, markAbsent, notAskedFor, someSeen, unseenAmong } from './missing.ts'
import { beginOrder, isStopped, placeOrder, settleOrder, stopOrders } from './orders.ts'
import { claimAlert, keepDelivered, keepUndelivered, nextAlertInMs, queueAlerts } from './outbox.ts'
import { writeProgress, writeRequests } from './progress.ts'
import { prune } from './prune.ts'
import { readChangeLog } from './read-change-log.ts'
import { readRecentChanges } from './recent-changes.ts'
import { openRejects, settleRejects } from './rejects.ts'
import { approveHeld, discardHeld, holdProven, provenGone, readHeld, removeProven, undoRemovals } from './removals.ts'
import { readRejects, readReport, readRuns } from './report.ts'
import { becomeFull, finishRun, noteUnread, openRun, savePlan, saveReceipt } from './runs.ts'
import { serverStartedAt } from './server.ts'
import type { Store } from './store.ts'
import { countLiving, readStoredCars, rejectedAmong, sampleCars } from './stored-cars.ts'

export type StoreSettings = { schema: string; source: string }

/** A store over a migrated database. Closing it closes the database. `patience`: with what passes by itself; else two minutes. */
export const storeOver = (
  db: Database,
  settings: StoreSettings,
  world: Pick<World, 'now' | 'sleep' | 'random'>,
  onWait?: OnWait,
  patience?: Patience,
): Store => {
  const names = namesOf(settings.schema, settings.source)
  const again = retrying(world, patience, onWait)
  let erasKnown: Promise<void> | null = null
  return {
    writers: db.writers,
    serverStartedAt: () => again(() => serverStartedAt(db)),
    takeLease: async (holder, lengthMs) => {
      const answer = await again(() => takeLease(db, settings.source, holder, lengthMs))
      // Before anything is written: whoever reads the log of changes could not tell the restored part from the rest later.
      if (answer.kind === 'taken') await again(() => closeForeignEra(db, names))
      return answer
    },
    beat: (lease) => beat(db, lease),
    writeProgress: (lease, runId, status, progress) => writeProgress(db, names, lease, runId, status, progress),
    writeRequests: (lease, runId, requests) => writeRequests(db, lease, runId, requests),
    releaseLease: (lease) => again(() => releaseLease(db, lease)),
    openRun: (lease, request) => again(() => openRun(db, names, lease, request)),
    modeState: () => again(() => readModeState(db, names)),
    becomeFull: (lease, runId) => again(() => becomeFull(db, lease, runId)),
    noteUnread: (lease, runId, unread) => again(() => noteUnread(db, lease, runId, unread)),
    savePlan: (lease, runId, plan) => again(() => savePlan(db, lease, runId, plan)),
    saveReceipt: (lease, runId, receipt) => again(() => saveReceipt(db, lease, runId, receipt)),
    readLedger: (runId) => again(() => readLedger(db, runId)),
    knownCars: (question) => again(() => knownCars(db, names, question.reader, question.wantRaw, question.records)),
    commitPages: (run, batch) => commitSurely(db, again, { ...run, names }, batch),
    countSeen: (runId) => again(() => countSeen(db, runId)),
    countNew: (runId, sweep) => again(() => countNew(db, runId, sweep)),
    weighSeen: (runId, gone, repeats) => again(() => weighSeen(db, runId, gone, repeats)),
    readMovement: (runId, sweep, gone) => again(() => readMovement(db, runId, sweep, gone)),
    forgetSeen: (lease, runId) => again(() => forgetSeen(db, names, lease, runId)),
    markAbsent: (lease, runId, met) => again(() => markAbsent(db, names, lease, runId, met)),
    notAskedFor: (runId) => again(() => notAskedFor(db, names, runId)),
    unseenAmong: (runId, ids) => again(() => unseenAmong(db, names, runId, ids)),
    someSeen: (runId, limit) => again(() => someSeen(db, names, runId, limit)),
    keepAnswers: (lease, answers) => again(() => keepAnswers(db, names, lease, answers)),
    provenGone: (runId) => again(() => provenGone(db, names, runId)),
    removeProven: (lease, runId) => again(() => removeProven(db, names, lease, runId)),
    holdProven: (lease, runId, segmentOf) => again(() => holdProven(db, names, lease, runId, segmentOf)),
    heldRemovals: () => again(() => readHeld(db, names)),
    approveHeld: (lease, runId) => again(() => approveHeld(db, names, lease, runId)),
    discardHeld: (lease, runId) => again(() => discardHeld(db, names, lease, runId)),
    undoRemovals: (lease, runId) => again(() => undoRemovals(db, names, lease, runId)),
    finishRun: (lease, runId, finish) => again(() => finishRun(db, names, lease, runId, finish)),
    readLearned: (scope) => again(() => readLearned(db, scope)),
    saveLearned: (lease, scope, learned, run) => again(() => saveLearned(db, lease, scope, learned, run)),
    prune: () => again(() => prune(db, settings.source)),
    report: (runId) => again(() => readReport(db, names, runId ?? null)),
    runs: (limit) => again(() => readRuns(db, names, limit)),
    rejects: (limit) => again(() => readRejects(db, names, limit)),
    sourcesSynced: () => again(() => sourcesSynced(db)),
    live: () => again(() => readLive(db, names)),
    inventory: () => again(() => readInventory(db, names)),
    recentChanges: (limit) => again(() => readRecentChanges(db, names, limit)),
    carsPage: (question) => again(() => readCarsPage(db, names, question)),
    openRejects: (after) => again(() => openRejects(db, names, after)),
    settleRejects: (lease, reread) => again(() => settleRejects(db, names, lease, reread)),
    storedCars: (ids) => again(() => readStoredCars(db, names, ids)),
    sampleCars: (limit, seed) => again(() => sampleCars(db, names, limit, seed)),
    countLiving: () => again(() => countLiving(db, names)),
    rejectedAmong: (ids) => again(() => rejectedAmong(db, names, ids)),
    changes: async (since, limit) => {
      erasKnown ??= again(() => closeForeignEra(db, names))
      await erasKnown
      return again(() => readChangeLog(db, names, since, limit))
    },
    alerts: (limit) => readAlerts(db, names, limit),
    openAlerts: () => readOpenAlerts(db, names),
    recordAlerts: (alerts) => recordAlerts(db, names, alerts),
    queueAlerts: () => queueAlerts(db, names),
    claimAlert: (claimMs) => claimAlert(db, names, claimMs),
    keepDelivered: (claim) => keepDelivered(db, claim),
    keepUndelivered: (claim, fault, waitMs) => keepUndelivered(db, claim, fault, waitMs),
    nextAlertInMs: () => nextAlertInMs(db, names),
    due: () => again(() => readDue(db, names)),
    placeOrder: (order) => again(() => placeOrder(db, names, order)),
    stopOrders: () => again(() => stopOrders(db, names)),
    beginOrder: (order) => again(() => beginOrder(db, names, order)),
    settleOrder: (order) => again(() => settleOrder(db, names, order)),
    isStopped: () => again(() => isStopped(db, names)),
    close: () => db.close(),
  }
}
