/** Works one pass off and tells how far it is. */
import type { CommitSettings } from '../commit/commit-batch.ts'
import { saysWhatIsStored } from '../commit/examine-pages.ts'
import { lookUpsOf } from '../commit/look-ups.ts'
import type { SyncEvent } from '../events.ts'
import { withDuration } from '../run/durations.ts'
import { type Ending, endedEarly, type Session } from './session.ts'
import { type SweepEnd, sweep } from './sweep.ts'
import { observeWork, progressOf, type Work } from './work.ts'

const MAX_BYTES = 16 << 20
const PROGRESS_MS = 200

/** What a commit of this run is made with. */
export const commitSettings = (session: Session, work: Work, nothingStored = false): CommitSettings => {
  const { store, world, stored, lease, options, control } = session
  return {
    world,
    source: control.source,
    store,
    lookUps: lookUpsOf(store, nothingStored),
    commit: {
      lease,
      runId: stored.runId,
      logListed: stored.logListed,
      reader: control.source.readerVersion,
      isSameRecord: saysWhatIsStored(control.source),
      spent: () => {
        const { requests, activeMs } = progressOf(work, world.now())
        return { requests, activeMs }
      },
    },
    wantRaw: options.raw,
    onCommit: (tookMs) => {
      work.commitTimes = withDuration(work.commitTimes, tookMs)
    },
  }
}

/** Sweeps what `work.state` has left to do; its pages stand in the ledger under the number `number`. A feed can be done without. */
export async function* runPass(
  session: Session,
  work: Work,
  number: number,
  isFeed = false,
): AsyncGenerator<SyncEvent, SweepEnd> {
  const { api, access, world, stop, control } = session
  const steps = sweep(
    {
      api,
      access,
      ...commitSettings(session, work, session.stored.beganEmpty && number === 0),
      sweep: number,
      clockOffsetMs: session.clockOffsetMs,
      maxBytes: control.maxBytes ?? MAX_BYTES,
      stop,
      ...(isFeed ? { waitsAloneMs: session.options.giveUpSeconds * 1000 } : {}),
      mayAsk: (inHand) => control.slice?.mayAsk(inHand) ?? true,
    },
    work.state,
  )
  let shownAt = Number.NEGATIVE_INFINITY
  let step = await steps.next()
  for (; !step.done; step = await steps.next()) {
    if (step.value.kind !== 'moved') yield step.value
    else if (world.now() - shownAt >= PROGRESS_MS) {
      shownAt = world.now()
      observeWork(work, shownAt)
      yield { kind: 'progress', progress: progressOf(work, shownAt) }
    }
  }
  return step.value
}

/** What the end of a pass means for its run. */
export const endingOf = (end: Exclude<SweepEnd, { kind: 'finished' }>): Ending => {
  switch (end.kind) {
    case 'stopped':
      return endedEarly('incomplete', 'stopped')
    case 'incomplete':
      return endedEarly('incomplete', end.why)
    case 'refused':
      return endedEarly(end.reason === 'quota' ? 'incomplete' : 'failed', end.why)
  }
}
