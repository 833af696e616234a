/**
 * Refusals that come by chance: a server that sheds a share of what it is asked, however little that is. Of a limit the
 * refusals end once less is asked for, and until then as much is let in whatever the pace. Of these they do not end, and
 * less is let in: a pace that followed each of them down would come to a standstill. So where it has fallen to a third, is
 * refused as often, and brings less for it, it is held where it was.
 */

/** A wall: when the refused request had left, ms, the pace then, requests per second, and how many had been let in. */
type Met = { at: number; rate: number; total: number }

export type Chance = {
  /** The latest walls that were a matter of rate. */
  walls: readonly Met[]
  /**
   * The pace that is held although some of it is refused: how much of it, what it brought per second when it was believed, and how many
   * walls were met since when. null: none.
   */
  held: { rate: number; share: number; brought: number; since: number; sinceAt: number; refused: number } | null
  /** It was held, and much more of it was refused, or much less was let in: it was a limit after all. */
  refuted: boolean
}

export const noChance: Chance = { walls: [], held: null, refuted: false }

const WALLS = 24
/** Paces that count as fast and as slow, as shares of the fastest; and how many runs of each it takes, the slow ones last. */
const FAST = 1 / 2
const SLOW = 1 / 3
const RUNS = { fast: 3, slow: 4 }
/** With fewer requests between two refusals they come from a pace that is too high. Somebody else may well cause a third of all. */
const LEAST = 2
/** As often: with up to so many times as many requests in between. */
const ALIKE = 3
/** So many times as many in a row are let in at a lower pace only where it is a limit. */
const QUIET = 10
/** It brings less: at most such a share of what the fast pace brought. */
const LESS = 1 / 2
/**
 * So many times the share that was expected, of at least so many, speaks for a limit; and half of what was expected to be let in. So does
 * that it no longer brings what it did: of a flight that is refused together only the first is a wall.
 */
const MORE = { times: 3, least: 6, rest: 0.5 }

/** From one wall to the next: the pace, what was let in, and how long it took. */
type Stretch = { rate: number; count: number; ms: number }

const stretchesOf = (walls: readonly Met[]): Stretch[] =>
  walls.slice(1).map(({ at, rate, total }, i) => ({ rate, count: total - walls[i]!.total, ms: at - walls[i]!.at }))

const sum = (values: readonly number[]): number => values.reduce((all, value) => all + value, 0)
const countOf = (stretches: readonly Stretch[]): number => sum(stretches.map(({ count }) => count))
/** Requests per second that were let in. */
const broughtBy = (stretches: readonly Stretch[]): number =>
  (countOf(stretches) * 1000) / Math.max(1, sum(stretches.map(({ ms }) => ms)))

/** After a wall. */
export const metAt = (chance: Chance, wall: Met): Chance => {
  const { held, refuted } = chance
  if (refuted) return chance
  if (held !== null) {
    const refused = held.refused + 1
    const asked = wall.total - held.since + refused
    const most = Math.min(MORE.times * held.share, held.share + MORE.rest * (1 - held.share))
    const isMore = refused >= MORE.least && refused > most * asked
    const brings = ((wall.total - held.since) * 1000) / Math.max(1, wall.at - held.sinceAt)
    return isMore || (refused >= MORE.least && brings < LESS * held.brought)
      ? { ...noChance, refuted: true }
      : { ...chance, held: { ...held, refused } }
  }
  const walls = [...chance.walls, wall].slice(-WALLS)
  const top = Math.max(...walls.map(({ rate }) => rate))
  const stretches = stretchesOf(walls)
  const slow = stretches.slice(-RUNS.slow)
  const fast = stretches.slice(0, -RUNS.slow).filter(({ rate }) => rate > FAST * top)
  if (fast.length < RUNS.fast || slow.some(({ rate }) => rate > SLOW * top)) return { ...chance, walls }
  const [often, seldom] = [countOf(fast) / fast.length, countOf(slow) / slow.length]
  const isQuiet = stretches.some(({ rate, count }) => rate <= FAST * top && count > QUIET * Math.max(1, often))
  if (isQuiet || seldom < LEAST || seldom > ALIKE * often || broughtBy(slow) > LESS * broughtBy(fast))
    return { ...chance, walls }
  const runs = [...fast, ...slow]
  const share = runs.length / (runs.length + countOf(runs))
  const brought = broughtBy(fast)
  return { walls, refuted: false, held: { rate: top, share, brought, since: wall.total, sinceAt: wall.at, refused: 0 } }
}
