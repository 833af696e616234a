import { carsync } from './program.ts'

/** How long open handles may still hold the process after its work is done. */
const LINGER_MS = 2000

/** Runs `carsync` as this process. A reader that goes away (`| head`) is no error of ours. */
export const start = async (args: readonly string[]): Promise<void> => {
  for (const stream of [process.stdout, process.stderr])
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EPIPE') throw error
    })
  process.exitCode = await carsync(args)
  setTimeout(() => process.exit(), LINGER_MS).unref()
}
