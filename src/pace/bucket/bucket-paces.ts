/**
 * Which of the paces that were tried is the best, of a bucket that holds one token. Refusals by jitter become rare with a tenth less. Others
 * do not: a request that is held up on its way, by a network or a machine that is busy, arrives together with the next one, and one
 * of the two is refused at any pace up to half of the rate; somebody else on the key takes the more the slower we are. To yield to
 * those would cost time, run by run, and save nothing.
 */

/** What was let in from one refusal to the next, and the pace at the second, requests per second. */
export type Run = { rate: number; count: number }

/** So many refusals at a pace tell how often it is refused, or so many that were let in. */
const ENOUGH = { runs: 4, count: 200 }
/** A pace that is slower by so much is another one, and within so much paces are alike. */
const SLOWER = 1.1
const ALIKE = 1.05
/** A refusal is worth so many requests more, beside what its wait loses: one percent refused costs as much as a fifth more time. */
const WORTH = 20
/** Better by less is chance. */
const BETTER = 0.9
const LATEST = 3
const REMEMBERED = 24

const countOf = (runs: readonly Run[]): number => runs.reduce((sum, { count }) => sum + count, 0)
const meanOf = (runs: readonly Run[]): number => countOf(runs) / runs.length

/** Every second one refused, so often in a row: the limit has fallen, and what was let in before is of another one. */
const sinceFall = (runs: readonly Run[]): readonly Run[] => {
  const latest = runs.slice(-ENOUGH.runs)
  return latest.length === ENOUGH.runs && latest.every(({ count }) => count <= 1) ? latest : runs
}

/** After a refusal at this pace with so many let in since the one before. */
export const withRun = (runs: readonly Run[], { rate, clean }: { rate: number; clean: number }): readonly Run[] =>
  sinceFall([...runs, { rate, count: clean }]).slice(-REMEMBERED)

export const isLike = (rate: number, run: Run): boolean => run.rate <= ALIKE * rate && run.rate >= rate / ALIKE

/** What a page costs at a pace at which so many were let in and refused, in seconds; `more`: if that many more were refused. */
export const costAt = (
  { rate, count, refused }: { rate: number; count: number; refused: number },
  tollMs: number,
  more = 0,
): number => {
  const odds = (refused + more) / Math.max(1, count)
  return (1 + odds + (WORTH + (rate * tollMs) / 1000) * odds) / rate
}

/** What a request costs at the pace of these, in time and refusals. */
const costOf = (runs: readonly Run[], tollMs: number): number => {
  const rate = runs.reduce((sum, run) => sum + run.rate, 0) / runs.length
  const share = runs.length / (runs.length + countOf(runs))
  return (1 + (WORTH + (rate * tollMs) / 1000) * share) / rate
}

/** Of the latest at a pace, where they are enough to tell; Infinity where they are not. */
const latestCost = (runs: readonly Run[], tollMs: number): number => {
  const latest = runs.slice(-ENOUGH.runs)
  return latest.length === ENOUGH.runs || (latest.length > 1 && countOf(latest) >= ENOUGH.count)
    ? costOf(latest, tollMs)
    : Number.POSITIVE_INFINITY
}

/** The pace after the latest of these runs was refused: `rate` is what it yields to, unless a faster one has proved better. */
export const notYielding = (rate: number, runs: readonly Run[], tollMs: number): number => {
  let best = rate
  let least = Number.POSITIVE_INFINITY
  for (const { rate: fast } of runs) {
    if (fast < SLOWER * rate) continue
    const slow = latestCost(
      runs.filter((run) => run.rate < fast / SLOWER),
      tollMs,
    )
    const cost = latestCost(
      runs.filter((run) => isLike(fast, run)),
      tollMs,
    )
    if (slow === Number.POSITIVE_INFINITY || cost >= Math.min(least, BETTER * slow)) continue
    best = fast
    least = cost
  }
  return best
}

/** How many were let in from one refusal to the next at about this pace, on the mean of the latest. */
export const meanRun = (runs: readonly Run[]): number => {
  const { rate, count } = runs.at(-1)!
  return Math.max(count, meanOf(runs.slice(-LATEST).filter((run) => isLike(rate, run))))
}
