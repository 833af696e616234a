/** How long whole answers took, counted by upper bounds, so that counts of several processes can be added up. Pure. */

/** `counts`: answers that took no longer than each of ANSWER_BOUNDS_MS and longer than the one before; the last: longer than all. */
export type AnswerTimes = { counts: number[]; sumMs: number }

export const ANSWER_BOUNDS_MS: readonly number[] = [25, 50, 100, 200, 400, 800, 1600, 3200, 6400, 12_800, 25_600]

export const noAnswerTimes = (): AnswerTimes => ({ counts: Array(ANSWER_BOUNDS_MS.length + 1).fill(0), sumMs: 0 })

/** With one more answer, which took `tookMs`. */
export const withAnswer = ({ counts, sumMs }: AnswerTimes, tookMs: number): AnswerTimes => {
  const at = ANSWER_BOUNDS_MS.findIndex((bound) => tookMs <= bound)
  const bucket = at < 0 ? ANSWER_BOUNDS_MS.length : at
  return { counts: counts.map((count, i) => (i === bucket ? count + 1 : count)), sumMs: sumMs + Math.max(0, tookMs) }
}

/** Of counts that another version may have kept with other bounds; then they begin anew. */
export const answerTimesOf = (kept: AnswerTimes | undefined): AnswerTimes =>
  kept?.counts?.length === ANSWER_BOUNDS_MS.length + 1 ? kept : noAnswerTimes()
