/**
 * Which width to stay at with a source that gets slower with load: the least that brings hardly less than a wider one.
 * Answers vary so much that few say little. So a place that seems too wide is compared with the next level below, and from
 * time to time with one above, by answers that are gathered there: ever more, ever more seldom.
 */
import { type Answer, compare, type Level, levelOf, type Throughput, weightOf } from './throughput.ts'
import { elasticityAt } from './trend.ts'

export type Settled = {
  width: number
  /** That it is not too narrow is only supposed: a look at the next level below has to show it. */
  supposed: boolean
  /** The next look: from which answer on, how long after the one before, and whether at more in flight or at fewer. */
  dueAt: number
  wait: number
  up: boolean
  /** The look that is on: the other width, and what was brought there. A round of answers is passed over (less than none): the first are the quick ones. */
  look: { width: number; answers: number; tookMs: number } | null
}

export type Step = { kind: 'widen' } | { kind: 'hold' } | { kind: 'settle'; settled: Settled }

/** Below this nothing is narrowed: with one at a time every moment of our own would be one of the source's. */
export const LEAST = 2
/** A look at fewer than this costs much of what is brought. */
const FEW = 4
/** With no more answers at a width, what it brought may be chance. */
const CHANCE = 2

/** Answers between two looks; twice as many after each that changes nothing, so that looks cost ever less. */
const WAIT = { first: 200, most: 3200 }
/** Answers that a look takes at least, and at most, if nothing is clear by then: these, or half of the answers between looks. */
const LOOK = { least: 16, most: 100 }
/**
 * Where four times as many in flight do not bring a third more with each doubling, it is not widened further; and so many
 * answers later it is looked whether it is too wide. A smaller difference is not told from chance by what comes meanwhile.
 */
const FAR = 4
const CROWDED = Math.log2(4 / 3)
const HOLD = 32
/**
 * Where twice as many in flight do not bring half as much again, less half a standard error, it is held: a source that thrashes with more is
 * then not driven there. Being wrong costs little, for it is widened again once that is not clear any more.
 */
const LITTLE = 1 - Math.log2(1.5)
const CLEARLY = 0.5
/** More is risked only where it is beyond doubt that it pays: two standard errors. */
const SURELY = 2
/** What fewer in flight brought is forgotten when it counts for so few answers; after so many at a width that is held, a look below tells. */
const FORGOTTEN = 0.5
const HELD = 300

const settled = (width: number, dueAt: number, up: boolean): Settled => ({
  width: Math.round(width),
  supposed: false,
  dueAt,
  wait: WAIT.first,
  up,
  look: null,
})

const brought = ({ width, tookMs }: Level): number => width / tookMs

/** The least width that brings hardly less than a wider one, of those of which many answers tell; null: none. */
export const bestOf = ({ levels, count }: Throughput): number | null => {
  const told = levels.filter((each): each is Level => each !== null && each.answers >= HOLD)
  if (told.length === 0) return null
  return Math.round(told.reduce((best, each) => (compare(each, best, count).worth > 1 ? each : best)).width)
}

const bringsLittle = ({ trend }: Throughput, now: number): boolean => {
  const seen = elasticityAt(trend, now)
  return seen !== null && seen.elasticity - CLEARLY * seen.error > LITTLE
}

/** Whether twice as many in flight surely bring half as much again, with so many in flight. */
export const bringsMore = ({ trend }: Throughput, inFlight: number): boolean => {
  const seen = elasticityAt(trend, inFlight)
  return seen !== null && seen.elasticity + SURELY * seen.error < LITTLE
}

/** What to do with a width that has not settled yet, `now` wide, by what this and narrower ones have brought. */
export const opening = (throughput: Throughput, now: number): Step => {
  const { count, levels } = throughput
  const at = levelOf(now)
  const here = levels[at] ?? null
  if (here === null) return { kind: 'widen' }
  // The next level below is too near to be told from this one by a few answers.
  const narrower = levels
    .slice(0, Math.max(0, at - 1))
    .filter((less): less is Level => less !== null && weightOf(less, count) >= FORGOTTEN)
  const compared = narrower.map((less) => ({ less, ...compare(here, less, count) }))
  const better = compared
    .filter(({ less, gain, doubt }) => weightOf(less, count) >= CHANCE && gain * doubt < 1)
    .map(({ less }) => less)
  if (better.length > 0) {
    const best = better.reduce((one, other) => (brought(other) > brought(one) ? other : one))
    // What so few answers told is looked at again after as many.
    const dueAt = count + Math.min(WAIT.first, count)
    return { kind: 'settle', settled: settled(Math.max(best.width, Math.min(now, LEAST)), dueAt, true) }
  }
  const isCrowded = compared.some(({ ratio, gain, doubt }) => ratio >= FAR && gain * doubt < ratio ** CROWDED)
  // Where fewer seem to bring more, it is not held: whether they do gets clear by going on.
  const isHeld = compared.every(({ gain }) => gain >= 1) && bringsLittle(throughput, now)
  if (!isCrowded && !isHeld) return { kind: 'widen' }
  if (!isCrowded && compared.length > 0) return { kind: 'hold' }
  if (here.answers < (isCrowded ? HOLD : HELD)) return { kind: 'hold' }
  return { kind: 'settle', settled: { ...settled(here.width, count, false), supposed: true } }
}

/** Whether to look there: at very few only where they seemed to bring more, or where more clearly bring less. */
const isWorthALook = (other: number, width: number, { count, levels }: Throughput): boolean => {
  const at = levelOf(width)
  const [there, here, above] = [levels[levelOf(other)] ?? null, levels[at] ?? null, levels[at + 1] ?? null]
  if (other >= FEW) return true
  if (other < LEAST || here === null) return false
  if (there !== null && brought(there) > brought(here)) return true
  if (above === null) return false
  const { gain, doubt } = compare(above, here, count)
  return gain * doubt < 1
}

/** Begins a look at the level beside, where no more than `most` in flight are allowed. */
const begun = (given: Settled, throughput: Throughput, most: number): Settled => {
  const { count } = throughput
  const { width, up, wait } = given
  const other = Math.round(2 ** ((levelOf(width) + (up ? 1 : -1)) / 2))
  if (other <= most && (up || isWorthALook(other, width, throughput)))
    return { ...given, look: { width: other, answers: -other, tookMs: 0 } }
  return { ...given, supposed: false, dueAt: count + wait, up: !up }
}

/** After an answer, where at most `most` in flight are allowed; null: it was not too wide, and may be widened again. */
export const settling = (given: Settled, throughput: Throughput, answer: Answer, most: number): Settled | null => {
  const { width, dueAt, wait, up, look } = given
  const { count, levels } = throughput
  if (look === null) return count < dueAt ? given : begun(given, throughput, most)
  const here = levels[levelOf(width)] ?? null
  // What is not allowed any more, or was never filled, cannot be compared.
  if (here === null || look.width > most) return { ...given, look: null, dueAt: count + wait }
  if (levelOf(answer.width) !== levelOf(look.width)) return given
  const answers = look.answers + 1
  if (answers <= 0) return { ...given, look: { ...look, answers } }
  const seen = { ...look, answers, tookMs: look.tookMs + (answer.tookMs - look.tookMs) / answers }
  const there: Level = { width: look.width, tookMs: seen.tookMs, answers, asOf: count }
  const { worth, doubt } = up ? compare(there, here, count) : compare(here, there, count)
  const isClear = answers >= LOOK.least && (worth * doubt < 1 || worth / doubt > 1)
  if (!isClear && answers < Math.max(LOOK.most, wait / 2)) return { ...given, look: seen }
  // A move is followed by a look the same way at once.
  if (up === worth > 1) return settled(look.width, count, up)
  if (given.supposed) return null
  return { ...given, look: null, dueAt: count + wait, wait: Math.min(WAIT.most, 2 * wait), up: !up }
}
