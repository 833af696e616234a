/** A loss that may come at any time, and that ends all that is under way. */
export type Loss = {
  /** It has come: whatever is under way rejects with this error, and so does all that follows. */
  happen(error: unknown): void
  /** What the work comes to, unless the loss comes before. */
  unless<T>(work: Promise<T>): Promise<T>
}

/**
 * Not `Promise.race` against a promise of the loss: as long as that has not come, such a promise holds on to the result of every
 * race that it was in, here to every row that a connection has ever read.
 */
export const openLoss = (): Loss => {
  const underWay = new Set<(error: unknown) => void>()
  let lost: { error: unknown } | null = null
  return {
    happen: (error) => {
      lost ??= { error }
      for (const reject of underWay) reject(lost.error)
      underWay.clear()
    },
    unless: (work) =>
      new Promise((resolve, reject) => {
        const end = (): void => {
          underWay.delete(reject)
        }
        work.then(resolve, reject).then(end, end)
        if (lost) reject(lost.error)
        else underWay.add(reject)
      }),
  }
}
