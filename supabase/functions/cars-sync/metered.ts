/** The engine's dear pieces of synchronous work, measured: reading pages and records, and writing rows for the database. */
import type { Database, DatabaseSession, Source, Store } from '../../../src/mod.ts'
import type { Meter } from './meter.ts'

/** The same source; what it reads is measured. */
export const meteredSource = (source: Source, meter: Meter): Source => ({
  ...source,
  readPage: (reply, ask) => meter.run('page', () => source.readPage(reply, ask)),
  readRecord: (page, record, readAt) => meter.run('record', () => source.readRecord(page, record, readAt)),
  isSameRecord: (stored, parsed) => meter.run('comparison', () => source.isSameRecord(stored, parsed)),
})

function* meteredParts(parts: Iterable<Uint8Array>, meter: Meter): Generator<Uint8Array> {
  const iterator = parts[Symbol.iterator]()
  for (;;) {
    const part = meter.run('row', () => iterator.next())
    if (part.done) return
    yield part.value
  }
}

const meteredSession = <S extends DatabaseSession>(session: S, meter: Meter): S => ({
  ...session,
  copyIn: (target, parts) => session.copyIn(target, meteredParts(parts, meter)),
  attempt: (work) => session.attempt((inner) => work(meteredSession(inner, meter))),
})

/** The same database; the rows that are made for it are measured by the meter that `meterOf` answers. */
export const meteredDatabase = (db: Database, meterOf: () => Meter | null): Database => ({
  ...db,
  transaction: (work) => {
    const meter = meterOf()
    return meter === null ? db.transaction(work) : db.transaction((session) => work(meteredSession(session, meter)))
  },
})

/** The same store; the meter is told of pages that were committed. */
export const meteredStore = (store: Store, meter: Meter): Store => ({
  ...store,
  commitPages: async (run, batch) => {
    const result = await store.commitPages(run, batch)
    meter.committed(batch.pages.length)
    return result
  },
})
