/** A way to a server on which something happens: what every such proxy of the tests has in common. */
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'

export type Way = { url: string; close(): Promise<void> }

/**
 * Listens in place of the server at `target`, and connects to it for everybody who comes. `carry` brings what is said from `near`,
 * the client's end, to `far` and back, and does what the test is about.
 */
export const wayTo = async (target: string, carry: (near: Socket, far: Socket) => void): Promise<Way> => {
  const to = new URL(target)
  const sockets = new Set<Socket>()
  const server = createServer((near) => {
    const far = connect(Number(to.port), to.hostname)
    for (const socket of [near, far]) {
      sockets.add(socket)
      socket.on('error', () => {})
      socket.on('close', () => sockets.delete(socket))
    }
    carry(near, far)
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

/** Where one end is over, so is the other. */
export const endTogether = (near: Socket, far: Socket): void => {
  near.on('close', () => far.destroy())
  far.on('close', () => near.destroy())
}
