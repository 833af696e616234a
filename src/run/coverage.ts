/** Sets of rows as sorted, disjoint intervals [from, to). How "what was read" survives a change of the page size. */

export type Interval = readonly [from: number, to: number]

/** The union of a set with one more interval. Linear in the number of intervals, which stays small: neighbours merge. */
export const cover = (set: readonly Interval[], from: number, to: number): Interval[] => {
  if (to <= from) return [...set]
  const result: Interval[] = []
  let low = from
  let high = to
  for (const interval of set) {
    if (interval[1] < low) result.push(interval)
    else if (interval[0] > high) {
      result.push([low, high])
      low = interval[0]
      high = interval[1]
    } else {
      low = Math.min(low, interval[0])
      high = Math.max(high, interval[1])
    }
  }
  result.push([low, high])
  return result
}

/** The first row at or after `from` that is in neither set and below `limit`, or null. */
export const firstGap = (sets: readonly (readonly Interval[])[], limit: number, from = 0): number | null => {
  let row = from
  for (let moved = true; moved; ) {
    moved = false
    for (const set of sets)
      for (const [start, end] of set)
        if (start <= row && row < end) {
          row = end
          moved = true
        }
  }
  return row < limit ? row : null
}

/** The last row below `limit` that is in none of the sets, or null. */
export const lastGap = (sets: readonly (readonly Interval[])[], limit: number): number | null => {
  let row = limit - 1
  for (let moved = true; moved; ) {
    moved = false
    for (const set of sets)
      for (const [start, end] of set)
        if (start <= row && row < end) {
          row = start - 1
          moved = true
        }
  }
  return row < 0 ? null : row
}

/** What of [0, limit) the set does not have. */
export const complement = (set: readonly Interval[], limit: number): Interval[] => {
  const result: Interval[] = []
  let row = 0
  for (const [start, end] of set.reduce<Interval[]>((sum, [from, to]) => cover(sum, from, to), [])) {
    if (start > row) result.push([row, Math.min(start, limit)])
    row = Math.max(row, end)
  }
  if (row < limit) result.push([row, limit])
  return result.filter(([from, to]) => from < to)
}
