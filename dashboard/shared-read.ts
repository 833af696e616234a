/** How much of the database's time a read that is repeated may take: a twentieth. */
const SHARE = 20

/**
 * One read for all who ask at about the same time: an answer is used again until it is `forMs` old, or twenty times as old
 * as it took to get, and as long as `turn` says the same: what was read before a run ended is no answer after it. What is
 * asked for while it is on its way waits for it. An error is not kept.
 */
export const sharedRead = <T>(
  read: () => Promise<T>,
  forMs: number,
  now: () => number,
  turn: () => number,
): (() => Promise<T>) => {
  let answer: Promise<T> | null = null
  let until = 0
  let of = -1
  return () => {
    if (answer !== null && now() < until && of === turn()) return answer
    const begunAt = now()
    const asked = read()
    answer = asked
    of = turn()
    until = Number.POSITIVE_INFINITY
    asked.then(
      () => {
        if (answer !== asked) return
        const at = now()
        until = at + Math.max(forMs, (at - begunAt) * SHARE)
      },
      () => {
        if (answer === asked) answer = null
      },
    )
    return asked
  }
}
