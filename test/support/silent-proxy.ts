/**
 * A way to Postgres whose connections can fall silent, as they do when the server's machine vanishes: for the server they
 * are over, and its client hears of nothing, not even of the end.
 */
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'

export type SilentProxy = {
  url: string
  /** From now on the connections that there are carry nothing; new ones do. */
  silence(): void
  /** How many connections there were. */
  connections(): number
  close(): Promise<void>
}

export const silentProxy = async (target: string): Promise<SilentProxy> => {
  const to = new URL(target)
  const sockets = new Set<Socket>()
  let connections = 0
  const servers = new Set<Socket>()
  const server = createServer((near) => {
    connections++
    let isSilent = false
    const far = connect(Number(to.port), to.hostname)
    servers.add(far)
    far.once('silence', () => {
      isSilent = true
      far.destroy()
    })
    for (const [from, into] of [
      [near, far],
      [far, near],
    ] as const) {
      sockets.add(from)
      from.on('error', () => {})
      from.on('data', (bytes) => isSilent || into.write(bytes))
      from.on('close', () => {
        sockets.delete(from)
        servers.delete(from)
        if (!isSilent) into.destroy()
      })
    }
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const url = new URL(target)
  url.port = String((server.address() as AddressInfo).port)
  return {
    url: url.href,
    silence: () => {
      for (const far of [...servers]) far.emit('silence')
    },
    connections: () => connections,
    close: async () => {
      for (const socket of sockets) socket.destroy()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
