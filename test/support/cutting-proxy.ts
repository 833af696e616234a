/** A way to Postgres that loses the answer to some commits: they take effect, and nobody hears of it. */
import { COMMIT } from './commit-message.ts'
import { endTogether, type Way, wayTo } from './way-to.ts'

export type CuttingProxy = Way & { lost(): number }

/** Every `nth` commit is brought to the server; when the server answers, both ends are cut instead. */
export const cuttingProxy = async (target: string, nth: number): Promise<CuttingProxy> => {
  let commits = 0
  let lost = 0
  const way = await wayTo(target, (near, far) => {
    let cutting = false
    endTogether(near, far)
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
  return { ...way, lost: () => lost }
}
