/** A way to Postgres that counts how often the client waits for an answer: each time that it speaks again after it has heard something. */
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'

export type CountedLink = { url: string; roundTrips(): number; close(): Promise<void> }

export const countedLink = async (target: string): Promise<CountedLink> => {
  const to = new URL(target)
  const sockets = new Set<Socket>()
  let roundTrips = 0
  const server = createServer((near) => {
    const far = connect(Number(to.port), to.hostname)
    let hasHeard = true
    for (const socket of [near, far]) {
      sockets.add(socket)
      socket.on('error', () => {})
      socket.on('close', () => {
        sockets.delete(socket)
        near.destroy()
        far.destroy()
      })
    }
    near.on('data', (bytes) => {
      if (hasHeard) roundTrips++
      hasHeard = false
      far.write(bytes)
    })
    far.on('data', (bytes) => {
      hasHeard = true
      near.write(bytes)
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const url = new URL(target)
  url.port = String((server.address() as AddressInfo).port)
  return {
    url: url.href,
    roundTrips: () => roundTrips,
    close: async () => {
      for (const socket of sockets) socket.destroy()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
