/** How many at once are handed on to the next run. */
import { type Pace, widthOf } from '../model.ts'
import { bestOf, bringsMore } from './climb.ts'

/** With fewer answers there is no telling whether more at once bring more. */
const TELLING = 100

/** Whether more at once surely brought more. */
export const hasPaid = (pace: Pace): boolean =>
  pace.throughput.count < TELLING ? pace.paid : bringsMore(pace.throughput, widthOf(pace))

/**
 * How many at once are made use of; one where no limit is kept though something was refused. Without any limit it is how many went well, or
 * of a source that may get slower the width that seems the best: the next run is widened as carefully, but not held below that by what it risks.
 */
export const concurrencyOf = (pace: Pace, isUnlimited: boolean): number => {
  const { width, wentWell, traffic, throughput } = pace
  if (!isUnlimited || width.cap !== null) return Math.floor(width.limit)
  if (traffic.refused.length > 0) return 1
  if (throughput.count < TELLING) return Math.max(1, wentWell)
  return hasPaid(pace)
    ? Math.max(widthOf(pace), wentWell)
    : (width.settled?.width ?? bestOf(pace.throughput) ?? widthOf(pace))
}
