/** How fast a run was, all in all. Pure. */

/** To a tenth. */
const perSecond = (count: number, ms: number): number => (ms > 0 ? Math.round((count * 10_000) / ms) / 10 : 0)

/** So many cars and pages in `activeMs` of work, as a summary has it. */
export const rateOf = (cars: number, pages: number, activeMs: number) => {
  const carsPerSecond = perSecond(cars, activeMs)
  return { carsPerSecond, carsPerMinute: Math.round(carsPerSecond * 60), pagesPerSecond: perSecond(pages, activeMs) }
}
