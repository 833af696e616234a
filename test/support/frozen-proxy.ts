/** A TCP proxy that can freeze: it still takes what is sent, and brings nothing of it to anybody. */

import type { AddressInfo } from 'node:net'
import { connect, createServer, type Socket } from 'node:net'

export type FrozenProxy = {
  port: number
  /** Resolves when somebody has sent something. */
  met: Promise<void>
  freeze(): void
  close(): Promise<void>
}

export const startProxy = async (target: { host: string; port: number }): Promise<FrozenProxy> => {
  let isFrozen = false
  const met = Promise.withResolvers<void>()
  const sockets = new Set<Socket>()
  const bring = (from: Socket, to: Socket): void => {
    sockets.add(from)
    from.on('data', (part) => {
      met.resolve()
      if (!isFrozen) to.write(part)
    })
    from.on('error', () => {})
    from.on('close', () => {
      sockets.delete(from)
      if (!isFrozen) to.destroy()
    })
  }
  const server = createServer((near) => {
    const far = connect(target)
    bring(near, far)
    bring(far, near)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    port: (server.address() as AddressInfo).port,
    met: met.promise,
    freeze: () => {
      isFrozen = true
    },
    close: async () => {
      for (const socket of sockets) socket.destroy()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
