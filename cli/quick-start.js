/**
 * Loaded by Node ahead of the entry (`--import`): what makes a start from the sources quick. It is JavaScript, for what it
 * turns on is to be on before anything in TypeScript is loaded.
 *
 * What was compiled is kept. Turned on later, Node keeps its compiler for TypeScript in memory, 15 MB, for the sake of the
 * first files; where this file is not loaded (`scripts/sync-cars.ts` by itself, or what was built, which has no TypeScript),
 * `start.ts` does the same later.
 *
 * A file of ours is where the file that names it says. Node would look for it by itself in the file system, follow links
 * and search for the package that says how it is to be read, two hundred times: a quarter of what loading takes.
 */
import module from 'node:module'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'

const root = join(import.meta.dirname, '..')
module.enableCompileCache?.(join(root, 'node_modules', '.cache', 'carsync'))

const ours = pathToFileURL(`${root}/`).href
const packages = `${ours}node_modules/`

module.registerHooks?.({
  resolve: (specifier, context, next) => {
    const { parentURL = '' } = context
    const isOurs = parentURL.startsWith(ours) && !parentURL.startsWith(packages)
    if (!isOurs || !specifier.startsWith('.') || !specifier.endsWith('.ts')) return next(specifier, context)
    return { url: new URL(specifier, parentURL).href, format: 'module-typescript', shortCircuit: true }
  },
})
