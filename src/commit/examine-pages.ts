/**
 * From pages as they came to what must be written: which records are new, which may have changed, which cannot be stored.
 * Most records of a later sweep are recognised by their fingerprint and never parsed.
 */
import { setImmediate } from 'node:timers/promises'
import { messageOf } from '../errors.ts'
import { countDrift } from '../source/drift-counts.ts'
import type { CutRecord, Source, SourcePage } from '../source/source.ts'
import { type CarWrite, encodeFields } from '../store/cars-sql.ts'
import type { PageCommit, PageEntry, Reject } from '../store/commit-pages.ts'
import type { Known } from '../store/known-cars.ts'
import type { LookUps } from './look-ups.ts'

/** Records read between two turns of the event loop. */
const BREATH = 100

const utf8 = new TextDecoder()

/** A page that arrived. `readAt` is when it was asked for, by the database's clock (ms). */
export type ReadPage = {
  sweep: number
  segment: string
  pageSize: number
  page: number
  readAt: number
  content: SourcePage
}

/** What to commit, and the pages that turned out not to be JSON after all. */
export type Examined = { batch: PageCommit; broken: { page: ReadPage; why: string }[] }

type Found = { pageIndex: number; position: number; record: CutRecord }

/** One record per id: of several reads the latest, and on one page the last. */
const winners = (pages: readonly ReadPage[]): Map<string, Found> => {
  const found = new Map<string, Found>()
  for (const [pageIndex, page] of pages.entries())
    for (const [position, record] of page.content.records.entries()) {
      if (record.sourceId === null) continue
      const rival = found.get(record.sourceId)
      if (!rival || page.readAt >= pages[rival.pageIndex]!.readAt)
        found.set(record.sourceId, { pageIndex, position, record })
    }
  return found
}

/** Whether a stored car needs writing, and whether silently: the same record, read by a newer reader or with raw missing. */
const verdictOf = (source: Source, known: Known, parsed: unknown): 'write' | 'silent' | 'skip' => {
  if (known.kind === 'new') return 'write'
  if (known.same) return known.removed ? 'write' : 'silent'
  if (known.raw === null) return 'write'
  if (!source.isSameRecord(known.raw, parsed)) return 'write'
  if (known.removed) return 'write'
  return known.reader === source.readerVersion ? 'skip' : 'silent'
}

/** Whether a record, as it is to be written, says what a stored one says. */
export const saysWhatIsStored =
  (source: Source) =>
  (stored: string, record: Uint8Array): boolean =>
    source.isSameRecord(stored, JSON.parse(utf8.decode(record)))

/**
 * Examines pages that arrived. Asks the database once which records are stored just so. Pages whose records are not
 * JSON are left out of the batch and named, so that they are asked for again. Drift is counted over the records that are
 * parsed, the new and the changed ones; what is stored just so was looked at when it came.
 */
export const examinePages = async (
  source: Source,
  lookUps: Pick<LookUps, 'knownCars'>,
  pages: readonly ReadPage[],
  wantRaw: boolean,
): Promise<Examined> => {
  const found = [...winners(pages).values()]
  const known = await lookUps.knownCars({
    reader: source.readerVersion,
    wantRaw,
    records: found.map(({ record }) => ({ sourceId: record.sourceId!, fingerprint: record.fingerprint })),
  })
  const rejects: Reject[][] = pages.map(() => [])
  const broken = new Map<number, string>()
  const cars: CarWrite[] = []
  const pageOf = new Map<string, number>()
  const positions = pages.map(() => new Map<string, number>())
  const drift = new Map<string, number>()

  const read = ({ pageIndex, position, record }: Found, state: Known | null): void => {
    const page = pages[pageIndex]!
    if (broken.has(pageIndex)) return
    try {
      const reading = source.readRecord(page.content, record, page.readAt)
      countDrift(drift, reading.drift)
      if (reading.kind === 'rejected') {
        rejects[pageIndex]!.push({
          position,
          sourceId: reading.sourceId,
          payload: reading.payload,
          ...reading.rejection,
        })
        return
      }
      const verdict = state === null ? 'write' : verdictOf(source, state, reading.parsed)
      if (verdict === 'skip') return
      pageOf.set(reading.sourceId, pageIndex)
      positions[pageIndex]!.set(reading.sourceId, position)
      cars.push({
        sourceId: reading.sourceId,
        fields: encodeFields(reading.car),
        record: reading.raw,
        keepsRaw: wantRaw,
        fingerprint: record.fingerprint,
        readAt: page.readAt,
        isNew: state?.kind === 'new',
        silent: verdict === 'silent',
      })
    } catch (error) {
      if (!(error instanceof SyntaxError)) throw error
      broken.set(pageIndex, messageOf(error))
    }
  }

  for (const [i, state] of known.entries()) {
    read(found[state.index]!, state)
    // Reading a page takes some 20 ms: in between, sockets are served, or the database would run dry.
    if (i % BREATH === BREATH - 1) await setImmediate()
  }
  for (const [pageIndex, page] of pages.entries())
    for (const [position, record] of page.content.records.entries())
      if (record.sourceId === null) read({ pageIndex, position, record }, null)

  if (broken.size > 0) {
    const whole = pages.filter((_, i) => !broken.has(i))
    const again = await examinePages(source, lookUps, whole, wantRaw)
    const named = [...broken].map(([i, why]) => ({ page: pages[i]!, why: `a record is not JSON: ${why}` }))
    return { batch: again.batch, broken: [...named, ...again.broken] }
  }
  const entries = pages.map(
    (page, i): PageEntry => ({
      sweep: page.sweep,
      segment: page.segment,
      pageSize: page.pageSize,
      page: page.page,
      readAt: page.readAt,
      last: !page.content.hasNext,
      records: page.content.records.length,
      ids: page.content.records.flatMap((record) => (record.sourceId === null ? [] : [record.sourceId])),
      rejects: rejects[i]!,
      positions: positions[i]!,
    }),
  )
  return { batch: { pages: entries, cars, pageOf, drift }, broken: [] }
}
