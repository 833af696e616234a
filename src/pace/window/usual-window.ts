/** The lengths of windows that are in use. */

/**
 * A shorter window is met by an even pace: whoever lets in again so soon has a rate, or a quota for so short a span that it
 * is the same; and what is announced of it is stale before it arrives.
 */
export const SHORT_MS = 3000

/** Lengths of window that are in use, ms. */
export const USUAL_MS = [
  1, 2, 3, 4, 5, 6, 10, 12, 15, 20, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10_800, 21_600, 43_200, 86_400,
].map((seconds) => seconds * 1000)
/** And those of them that are common. */
const COMMON_MS = [1, 2, 5, 10, 15, 30, 60, 300, 600, 900, 1800, 3600, 86_400].map((seconds) => seconds * 1000)

/** All usual lengths in [from, to], ms; 1% forgiven at the end. */
export const usualWindows = (from: number, to: number): number[] =>
  USUAL_MS.filter((usual) => usual >= from && usual * 0.99 <= to)

/** The shortest common length in [from, to], or else usual one, ms; 1% forgiven. undefined: none. */
export const usualWindow = (from: number, to = Number.POSITIVE_INFINITY): number | undefined => {
  const fits = (usual: number): boolean => usual * 1.01 >= from && usual * 0.99 <= to
  return (Number.isFinite(to) ? COMMON_MS.find(fits) : undefined) ?? USUAL_MS.find(fits)
}
