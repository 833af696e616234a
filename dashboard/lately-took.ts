/** How long answers and commits took in the last minute, made from counts that only grow. */
import { type Durations, durationsOf, durationsSince, howMany, type Live, meanMs, quantileMs } from '../src/node.ts'

/** `mostMs`: 95 of 100 took no longer, as far as the bounds of the counts tell. */
export type Took = { meanMs: number; mostMs: number }
export type LatelyTook = { answer: Took | null; commit: Took | null }

const WINDOW_MS = 60_000
const MOST = 0.95

type Mark = { at: number; runId: string; answer: Durations; commit: Durations }

const tookOf = (now: Durations, before: Durations): Took | null => {
  const lately = durationsSince(now, before)
  // Where nothing happened lately, or the run is over, that of the whole run is what there is to say.
  const told = howMany(lately) > 0 ? lately : now
  const [mean, most] = [meanMs(told), quantileMs(told, MOST)]
  return mean === null || most === null ? null : { meanMs: mean, mostMs: most }
}

/** To be told of each look; answers what the last minute's took, or the whole run's where there are none in it. */
export const latelyTook = (): ((live: Live | null, at: number) => LatelyTook) => {
  let marks: Mark[] = []
  return (live, at) => {
    if (live === null) return { answer: null, commit: null }
    const { answerTimes, commitTimes } = live.requests
    const mark: Mark = { at, runId: live.runId, answer: durationsOf(answerTimes), commit: durationsOf(commitTimes) }
    marks = [...marks.filter((each) => each.runId === live.runId && at - each.at <= WINDOW_MS), mark]
    const before = marks.length > 1 ? marks[0] : undefined
    return {
      answer: tookOf(mark.answer, before?.answer ?? durationsOf(undefined)),
      commit: tookOf(mark.commit, before?.commit ?? durationsOf(undefined)),
    }
  }
}
