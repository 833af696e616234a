/** What the database is asked about records that came: which of them it has, and what it has of those that changed. */
import type { Known } from './store/known-cars.ts'
import type { Store } from './store/store.ts'

export type LookUps = {
  knownCars: Store['knownCars']
  /** Of how many changed records one is compared with what is stored: another fingerprint is not yet another record. */
  compareEvery(): number
  /** To be told how many of the records that were compared had really changed, and how many had not. */
  compared(changed: number, same: number): void
  /** To be told when a record taken for new was stored already. */
  distrust(): void
}

/** So many records in a row were compared and had really changed: a sample will do. */
const CONVINCED = 64
const SAMPLE = 16

/**
 * In a first load nothing is stored, so nothing is looked up: every record is taken for new, until the database objects to
 * one that came twice. From then on it is asked, or a source that moves would make it refuse batch after batch.
 *
 * A record that says the same in another form (its keys in another order) is told by comparing it with the stored one, which takes
 * longer than to read it. Sources that do so do it to all records or to many: where none of many was such a one, most are
 * taken for changed unseen. A mistake costs a write, and no change is logged where no column has one.
 */
export const lookUpsOf = (store: Pick<Store, 'knownCars'>, nothingStored: boolean): LookUps => {
  let trusting = nothingStored
  let changedInARow = 0
  return {
    knownCars: async (question) =>
      trusting ? question.records.map((_, index): Known => ({ index, kind: 'new' })) : store.knownCars(question),
    compareEvery: () => (changedInARow >= CONVINCED ? SAMPLE : 1),
    compared: (changed, same) => {
      changedInARow = same > 0 ? 0 : changedInARow + changed
    },
    distrust: () => {
      trusting = false
    },
  }
}
