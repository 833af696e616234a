/**
 * How much longer answers take the more are in flight: a straight line through all of them, by least squares. A few answers
 * at each width say little, since they may vary as much as they take; together they tell while the width grows.
 */

export type Trend = {
  /** For how many answers it counts. */
  answers: number
  /** Averages, and the sums of squares and of products about them. */
  width: number
  tookMs: number
  widthSquares: number
  products: number
  tookSquares: number
}

export const noTrend: Trend = { answers: 0, width: 0, tookMs: 0, widthSquares: 0, products: 0, tookSquares: 0 }

/** After so many more answers what was seen counts for half: it follows a source that changes. */
export const HALF_LIFE = 400
const KEPT = 0.5 ** (1 / HALF_LIFE)
/** With fewer answers a line fits anything. */
const FEWEST = 16

export const observeTrend = (before: Trend, answer: { width: number; tookMs: number }): Trend => {
  const answers = KEPT * before.answers + 1
  const width = answer.width - before.width
  const tookMs = answer.tookMs - before.tookMs
  const share = 1 - 1 / answers
  return {
    answers,
    width: before.width + width / answers,
    tookMs: before.tookMs + tookMs / answers,
    widthSquares: KEPT * before.widthSquares + share * width ** 2,
    products: KEPT * before.products + share * width * tookMs,
    tookSquares: KEPT * before.tookSquares + share * tookMs ** 2,
  }
}

/**
 * By how many percent answers take longer for each percent more in flight, with so many in flight, and the standard error of
 * that; null: no telling. 0: more in flight bring as much more. 1: they bring no more at all.
 */
export const elasticityAt = (trend: Trend, inFlight: number): { elasticity: number; error: number } | null => {
  const { answers, width, tookMs, widthSquares, products, tookSquares } = trend
  const slope = products / widthSquares
  const expectedMs = tookMs + slope * (inFlight - width)
  if (answers < FEWEST || widthSquares === 0 || expectedMs <= 0) return null
  const variance = Math.max(0, tookSquares - slope * products) / (answers - 2)
  const times = inFlight / expectedMs
  return { elasticity: times * slope, error: times * Math.sqrt(variance / widthSquares) }
}
