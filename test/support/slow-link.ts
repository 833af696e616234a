/** A way to a server that takes its time: whatever is sent arrives later, in order and as fast as ever. */
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'

export type SlowLink = { url: string; close(): Promise<void> }

/** `roundTripMs`: half of it passes on the way there, half on the way back. */
export const slowLink = async (target: string, roundTripMs: number): Promise<SlowLink> => {
  const to = new URL(target)
  const sockets = new Set<Socket>()
  const carry = (from: Socket, into: Socket): void => {
    sockets.add(from)
    from.setNoDelay(true)
    from.on('data', (bytes) => void setTimeout(() => into.writable && into.write(bytes), roundTripMs / 2))
    from.on('error', () => {})
    from.on('close', () => {
      sockets.delete(from)
      setTimeout(() => into.end(), roundTripMs / 2)
    })
  }
  const server = createServer((near) => {
    const far = connect(Number(to.port), to.hostname)
    carry(near, far)
    carry(far, near)
    // A connection takes a round trip of its own before anything can be said.
    near.pause()
    setTimeout(() => near.resume(), roundTripMs)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const url = new URL(target)
  url.port = String((server.address() as AddressInfo).port)
  return {
    url: url.href,
    close: async () => {
      for (const socket of sockets) socket.destroy()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
