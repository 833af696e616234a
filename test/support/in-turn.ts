/** `carsync` several times in one process, as TURNS says: starting a process for each takes longer. */
import { carsync } from '../../cli/program.ts'

/** The variables stay for the turns that follow. */
export type Turn = { args: string[]; env?: Record<string, string> }

for (const { args, env = {} } of JSON.parse(process.env.TURNS!) as Turn[]) {
  Object.assign(process.env, env)
  console.error(`ended with ${await carsync(args)}`)
}
