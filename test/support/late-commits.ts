/** A way to Postgres on which some commits are late: their sender hears that the connection is lost, and only then they arrive. */
import { COMMIT } from './commit-message.ts'
import { type Way, wayTo } from './way-to.ts'

export type LateCommits = Way & { late(): number }

/** Every `nth` commit is held back for `byMs`; the connection of whoever sent it is cut at once. */
export const lateCommits = async (target: string, nth: number, byMs: number): Promise<LateCommits> => {
  let commits = 0
  let late = 0
  const way = await wayTo(target, (near, far) => {
    let isLate = false
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
  return { ...way, late: () => late }
}
