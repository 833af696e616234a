/** Numbers from 0 below 1, always the same for a seed: mulberry32 (Tommy Ettinger, public domain). */
const chanceOf = (seed: string): (() => number) => {
  let state = [...seed].reduce((sum, letter) => (Math.imul(sum, 31) + letter.charCodeAt(0)) | 0, 7)
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}

/** `wanted` different page numbers from 1 to `pages`, always the same for a seed; all of them where there are no more. */
export const samplePages = (pages: number, wanted: number, seed: string): number[] => {
  const chance = chanceOf(seed)
  const picked = new Set<number>()
  while (picked.size < Math.min(wanted, pages)) picked.add(1 + Math.floor(chance() * pages))
  return [...picked]
}
