/** A way to Postgres that loses the answer to some commits: they take effect, and nobody hears of it. */
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'

export type CuttingProxy = { url: string; lost(): number; close(): Promise<void> }

/** A simple query of the protocol: its letter, its length, its text. */
const COMMIT = Buffer.from('Q\0\0\0\x0bcommit\0')

/** Every `nth` commit is brought to the server; when the server answers, both ends are cut instead. */
export const cuttingProxy = async (target: string, nth: number): Promise<CuttingProxy> => {
  const to = new URL(target)
  const sockets = new Set<Socket>()
  let commits = 0
  let lost = 0
  const server = createServer((near) => {
    const far = connect(Number(to.port), to.hostname)
    let cutting = false
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
      if (bytes.includes(COMMIT) && ++commits % nth === 0) cutting = true
      far.write(bytes)
    })
    far.on('data', (bytes) => {
      // The answer to the commit: "CommandComplete" and its name.
      if (cutting && bytes.includes('COMMIT')) {
        lost++
        near.destroy()
        far.destroy()
      } else near.write(bytes)
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const url = new URL(target)
  url.port = String((server.address() as AddressInfo).port)
  return {
    url: url.href,
    lost: () => lost,
    close: async () => {
      for (const socket of sockets) socket.destroy()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
