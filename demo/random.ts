/** A 32-bit hash of two integers: the only source of variety, so that every car can be computed from its index alone. */
export function hash(value: number, salt: number): number {
  let h = (value ^ Math.imul(salt + 0x9e3779b9, 0x85ebca6b)) | 0
  h = Math.imul(h ^ (h >>> 16), 0x7feb352d)
  h = Math.imul(h ^ (h >>> 15), 0x846ca68b)
  return (h ^ (h >>> 16)) >>> 0
}

/** A seeded stream of numbers in [0, 1). */
export function randomStream(seed: number): () => number {
  let count = 0
  return () => hash(count++, seed) / 0x1_0000_0000
}

/** One element of a list, by a random stream. */
export function pick<T>(list: readonly T[], random: () => number): T {
  return list[Math.floor(random() * list.length)] as T
}

/** The list in an order that depends on the stream only (Fisher-Yates). */
export function shuffle<T>(list: readonly T[], random: () => number): T[] {
  const out = [...list]
  for (let i = out.length - 1; i > 0; i--) {
    const j = Math.floor(random() * (i + 1))
    const held = out[i] as T
    out[i] = out[j] as T
    out[j] = held
  }
  return out
}
