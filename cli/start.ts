import module from 'node:module'
import { join } from 'node:path'
import { ownRoot } from './own-root.ts'

/** How long open handles may still hold the process after its work is done. */
const LINGER_MS = 2000

/**
 * What was compiled once is kept beside the packages, which halves the time until a sync begins; where nothing can be
 * written, it is not. Not in the folder for temporary files, which others may write to.
 */
const keepCompiled = (): void => {
  const root = ownRoot()
  if (root !== null) module.enableCompileCache?.(join(root, 'node_modules', '.cache', 'carsync'))
}

/** Runs `carsync` as this process. A reader that goes away (`| head`) is no error of ours. */
export const start = async (args: readonly string[]): Promise<void> => {
  for (const stream of [process.stdout, process.stderr])
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EPIPE') throw error
    })
  keepCompiled()
  const { carsync } = await import('./program.ts')
  process.exitCode = await carsync(args)
  setTimeout(() => process.exit(), LINGER_MS).unref()
}
