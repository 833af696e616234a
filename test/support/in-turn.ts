/** `carsync` several times in one process, as TURNS says. */
import { carsync } from '../../cli/program.ts'
import type { Turn } from './turns.ts'

for (const { args, env = {} } of JSON.parse(process.env.TURNS!) as Turn[]) {
  Object.assign(process.env, env)
  console.error(`ended with ${await carsync(args)}`)
  console.log('ended')
}
