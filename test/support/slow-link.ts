/** A way to a server that takes its time: whatever is sent arrives later, in order and as fast as ever. */
import type { Socket } from 'node:net'
import { type Way, wayTo } from './way-to.ts'

/** `roundTripMs`: half of it passes on the way there, half on the way back. */
export const slowLink = (target: string, roundTripMs: number): Promise<Way> => {
  const carry = (from: Socket, into: Socket): void => {
    from.setNoDelay(true)
    from.on('data', (bytes) => void setTimeout(() => into.writable && into.write(bytes), roundTripMs / 2))
    from.on('close', () => setTimeout(() => into.end(), roundTripMs / 2))
  }
  return wayTo(target, (near, far) => {
    carry(near, far)
    carry(far, near)
    // A connection takes a round trip of its own before anything can be said.
    near.pause()
    setTimeout(() => near.resume(), roundTripMs)
  })
}
