/** A way to Postgres on which some commits are late: their sender hears that the connection is lost, and only then they arrive. */
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'

export type LateCommits = { url: string; late(): number; close(): Promise<void> }

/** A simple query of the protocol: its letter, its length, its text. */
const COMMIT = Buffer.from('Q\0\0\0\x0bcommit\0')

/** Every `nth` commit is held back for `byMs`; the connection of whoever sent it is cut at once. */
export const lateCommits = async (target: string, nth: number, byMs: number): Promise<LateCommits> => {
  const to = new URL(target)
  const sockets = new Set<Socket>()
  let commits = 0
  let late = 0
  const server = createServer((near) => {
    const far = connect(Number(to.port), to.hostname)
    let isLate = false
    for (const socket of [near, far]) {
      sockets.add(socket)
      socket.on('error', () => {})
      socket.on('close', () => sockets.delete(socket))
    }
    near.on('data', (bytes) => {
      if (!bytes.includes(COMMIT) || ++commits % nth !== 0) return void far.write(bytes)
      late++
      isLate = true
      near.destroy()
      setTimeout(() => far.end(bytes), byMs)
    })
    near.on('close', () => isLate || far.destroy())
    far.on('data', (bytes) => near.destroyed || near.write(bytes))
    far.on('close', () => near.destroy())
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const url = new URL(target)
  url.port = String((server.address() as AddressInfo).port)
  return {
    url: url.href,
    late: () => late,
    close: async () => {
      for (const socket of sockets) socket.destroy()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
