/**
 * A way to Postgres whose connections can fall silent, as they do when the server's machine vanishes: for the server they
 * are over, and its client hears of nothing, not even of the end.
 */
import type { Socket } from 'node:net'
import { type Way, wayTo } from './way-to.ts'

export type SilentProxy = Way & {
  /** From now on the connections that there are carry nothing; new ones do. */
  silence(): void
  /** How many connections there were. */
  connections(): number
}

export const silentProxy = async (target: string): Promise<SilentProxy> => {
  let connections = 0
  const servers = new Set<Socket>()
  const way = await wayTo(target, (near, far) => {
    connections++
    let isSilent = false
    servers.add(far)
    far.once('silence', () => {
      isSilent = true
      far.destroy()
    })
    far.on('close', () => servers.delete(far))
    for (const [from, into] of [
      [near, far],
      [far, near],
    ] as const) {
      from.on('data', (bytes) => isSilent || into.write(bytes))
      from.on('close', () => isSilent || into.destroy())
    }
  })
  return {
    ...way,
    silence: () => {
      for (const far of [...servers]) far.emit('silence')
    },
    connections: () => connections,
  }
}
