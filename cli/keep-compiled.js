/**
 * Loaded by Node ahead of the entry (`--import`). It is JavaScript, and turns the cache of what was compiled on before anything in
 * TypeScript is loaded: else Node keeps its compiler for TypeScript in memory, 15 MB, for the sake of the first files.
 * Where it is not loaded (`scripts/sync-cars.ts` by itself, or what was built, which has no TypeScript), `start.ts` does the same later.
 */
import module from 'node:module'
import { join } from 'node:path'

module.enableCompileCache?.(join(import.meta.dirname, '..', 'node_modules', '.cache', 'carsync'))
