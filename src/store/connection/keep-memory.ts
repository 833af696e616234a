/**
 * A COPY holds a thousand rows at a time. The server's allocator, where that is glibc, gives their memory back to the system
 * at the end and asks for it anew at the next COPY, page by page: a fifth of what a first load cost the server. It keeps
 * twice as much as the largest piece that it ever gave back as a whole (`M_TRIM_THRESHOLD` in mallopt(3)).
 */

/** Takes 16 MB as a whole, and gives them back. With another allocator it does nothing. */
export const KEEP_MEMORY = `select octet_length(repeat(repeat('x', 1024), n)) from generate_series(16384, 16384) as n`

/** What a smaller COPY takes the server is less than the statement costs it. Bytes. */
const LARGE = 2_000_000

export type CopyMemory = {
  /** Whether KEEP_MEMORY is to be said before the next COPY: once, and only where a large one has been. */
  isToBeKept(): boolean
  /** The parts of a COPY, as they are taken. */
  counted(parts: Iterable<Uint8Array>): Iterable<Uint8Array>
}

/** What has been copied over one connection. */
export const openCopyMemory = (): CopyMemory => {
  let largest = 0
  let isKept = false
  return {
    isToBeKept: () => {
      if (isKept || largest < LARGE) return false
      isKept = true
      return true
    },
    counted: function* (parts) {
      let bytes = 0
      for (const part of parts) {
        yield part
        bytes += part.length
      }
      largest = Math.max(largest, bytes)
    },
  }
}
