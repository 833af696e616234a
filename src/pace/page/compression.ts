/**
 * Whether answers should come compressed. Pure: the loop asks which way the next page goes and tells how it went.
 *
 * Where the network is slow, compression saves more time than it costs; on a fast one unpacking costs more than it saves.
 * The first pages go both ways in turn, three each, and the way with fewer milliseconds a byte is kept. They are pages
 * that are needed anyway, so the choice costs no request.
 */

/** `compressed` offers what the platform's `fetch` can unpack; `identity` asks for plain bytes. */
export type Way = 'compressed' | 'identity'

export type Compression = {
  /** Pages sent for each way, those under way included. */
  asked: Readonly<Record<Way, number>>
  /** Milliseconds from request to last byte for each byte unpacked. Infinity: the page could not be read. */
  measured: Readonly<Record<Way, readonly number[]>>
  settled: Way | null
}

/** What became of a page that was sent one way. */
export type Trial =
  /** A full page came. `bytes` are those unpacked; `encoded`: the answer said that it was compressed. */
  | { kind: 'read'; way: Way; ms: number; bytes: number; encoded: boolean }
  | { kind: 'failed'; way: Way }
  /** Says nothing: refused, taken back, or a short page, in which the wait outweighs the bytes. */
  | { kind: 'void'; way: Way }

const TRIALS = 3
/** Plain must save a tenth of the time to be chosen: compression spares the source's bandwidth. */
const WORTH = 0.9

export const startCompression = (): Compression => ({
  asked: { compressed: 0, identity: 0 },
  measured: { compressed: [], identity: [] },
  settled: null,
})

/** Which way the next page goes. */
export const wayFor = ({ asked, settled }: Compression): Way =>
  settled ?? (asked.identity < asked.compressed && asked.identity < TRIALS ? 'identity' : 'compressed')

/** The headers that ask for it. `compressed` is what `fetch` asks for by itself. */
export const acceptEncoding = (way: Way): Readonly<Record<string, string>> =>
  way === 'identity' ? { 'accept-encoding': 'identity' } : {}

/** With one more page sent that way. */
export const askedBy = (compression: Compression, way: Way): Compression => ({
  ...compression,
  asked: { ...compression.asked, [way]: compression.asked[way] + 1 },
})

const median = (values: readonly number[]): number => {
  const ascending = [...values].sort((a, b) => a - b)
  const middle = Math.floor(ascending.length / 2)
  return ascending.length % 2 === 1 ? ascending[middle]! : (ascending[middle - 1]! + ascending[middle]!) / 2
}

/** What is known after a page that was sent one way has ended. Once settled it stays so. */
export const observeTrial = (compression: Compression, trial: Trial): Compression => {
  if (compression.settled) return compression
  const { way } = trial
  if (trial.kind === 'void' || (trial.kind === 'read' && trial.bytes <= 0))
    return { ...compression, asked: { ...compression.asked, [way]: compression.asked[way] - 1 } }
  // A source that does not compress leaves nothing to choose.
  if (trial.kind === 'read' && way === 'compressed' && !trial.encoded) return { ...compression, settled: 'compressed' }
  const value = trial.kind === 'failed' ? Number.POSITIVE_INFINITY : trial.ms / trial.bytes
  const measured = { ...compression.measured, [way]: [...compression.measured[way], value] }
  if (measured.compressed.length < TRIALS || measured.identity.length < TRIALS) return { ...compression, measured }
  const plain = median(measured.identity)
  return { ...compression, measured, settled: plain < WORTH * median(measured.compressed) ? 'identity' : 'compressed' }
}
