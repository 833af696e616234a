/** Page-sized buffers that are used again, since a 3 MB allocation for every answer would dominate memory. */
export type PageBuffers = {
  /** A buffer of at least this size, not cleared. */
  take(size: number): Buffer
  /** Gives back a buffer (or a view into one) once the kernel has its bytes. */
  give(bytes: Buffer): void
}

const step = 1 << 20

/** Keeps at most `keep` buffers for later. */
export function createPageBuffers(keep: number): PageBuffers {
  const free: ArrayBuffer[] = []
  return {
    take(size) {
      // A few records need no page.
      if (size < 65_536) return Buffer.allocUnsafe(size)
      const nth = free.findIndex((buffer) => buffer.byteLength >= size)
      const found = nth < 0 ? undefined : free.splice(nth, 1)[0]
      return Buffer.from(found ?? new ArrayBuffer(Math.ceil(size / step) * step))
    },
    give(bytes) {
      const whole = bytes.buffer
      if (
        whole instanceof ArrayBuffer &&
        whole.byteLength >= step &&
        whole.byteLength % step === 0 &&
        free.length < keep
      )
        free.push(whole)
    },
  }
}
