/** Whether the database is asked which records it has, or known to have none of them. */
import type { Known } from '../store/known-cars.ts'
import type { Store } from '../store/store.ts'

export type LookUps = {
  knownCars: Store['knownCars']
  /** To be told when a record taken for new was stored already. */
  distrust(): void
}

/**
 * In a first load nothing is stored, so nothing is looked up: every record is taken for new, until the database objects to
 * one that came twice. From then on it is asked, or a source that moves would make it refuse batch after batch.
 */
export const lookUpsOf = (store: Pick<Store, 'knownCars'>, nothingStored: boolean): LookUps => {
  let trusting = nothingStored
  return {
    knownCars: async (question) =>
      trusting ? question.records.map((_, index): Known => ({ index, kind: 'new' })) : store.knownCars(question),
    distrust: () => {
      trusting = false
    },
  }
}
