/** A way to Postgres that counts how often the client waits for an answer: each time that it speaks again after it has heard something. */
import { endTogether, type Way, wayTo } from './way-to.ts'

export type CountedLink = Way & { roundTrips(): number }

export const countedLink = async (target: string): Promise<CountedLink> => {
  let roundTrips = 0
  const way = await wayTo(target, (near, far) => {
    let hasHeard = true
    endTogether(near, far)
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
  return { ...way, roundTrips: () => roundTrips }
}
