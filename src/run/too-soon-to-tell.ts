/** Whether a car that was met had gone before, or went afterwards: what is too near to each other the instants do not tell. Pure. */

/** Instants of two machines, one of them told in whole seconds, are not told apart when they are closer than this. */
export const SLACK_MS = 2000

/** Cars of which it cannot be told, and from when on it can, by whoever meets them then (ms, by the clock of the instants). */
export type Doubt = { cars: readonly string[]; untilAt: number }

export const noDoubt: Doubt = { cars: [], untilAt: Number.NEGATIVE_INFINITY }

/** Over those of the cars met at `metAt` that by the removal feed went at nearly the same time, and may be back. */
export const doubtOver = (met: readonly (string | null)[], metAt: number, gone: ReadonlyMap<string, number>): Doubt => {
  const cars = met.filter((id) => id !== null).filter((id) => Math.abs(metAt - (gone.get(id) ?? Infinity)) <= SLACK_MS)
  return { cars, untilAt: Math.max(noDoubt.untilAt, ...cars.map((id) => gone.get(id)! + SLACK_MS + 1)) }
}

export const withDoubt = (a: Doubt, b: Doubt): Doubt => ({
  cars: [...a.cars, ...b.cars],
  untilAt: Math.max(a.untilAt, b.untilAt),
})
