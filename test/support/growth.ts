/** Whether the time of some work grows with its input and not with the square of it. */
import assert from 'node:assert/strict'

/** Eight times the input takes 8 times as long where work is linear, and 64 where it is quadratic. */
const TIMES = 8
const MOST = 32
/** Linear work of the slowest kind here takes some 20 ms; a minute that grows in proportion is a minute all the same. */
const LONGEST_MS = 2000
/** What takes less than this tells nothing: a turn of the garbage collector is as long. */
const FLOOR_MS = 4
/** On a busy machine a single measurement may be off by as much as that. What grows with the square does so each time. */
const ATTEMPTS = 3

const fastest = (work: () => unknown): number => {
  let best = Number.POSITIVE_INFINITY
  for (let turn = 0; turn < 3 && best > FLOOR_MS / 4; turn++) {
    const began = performance.now()
    work()
    best = Math.min(best, performance.now() - began)
  }
  return best
}

/** Fails where the work on eight times `size` takes more than 32 times as long, or over two seconds, each time that it is measured. */
export const assertLinear = (name: string, size: number, work: (size: number) => () => unknown): void => {
  const seen: string[] = []
  while (seen.length < ATTEMPTS) {
    const few = Math.max(FLOOR_MS, fastest(work(size)))
    const many = fastest(work(size * TIMES))
    if (many < LONGEST_MS && many < few * MOST) return
    seen.push(`${few.toFixed(1)} ms for ${size}, ${many.toFixed(1)} ms for ${size * TIMES}`)
  }
  assert.fail(`${name}: ${seen.join('; ')}`)
}
