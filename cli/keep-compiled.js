/**
 * Loaded by Node ahead of the entry (`--import`). It is JavaScript, and turns the cache of what was compiled on before anything in
 * TypeScript is loaded: else Node keeps its compiler for TypeScript in memory, 30 MB, for the sake of the first files.
 */
import module from 'node:module'
import { join } from 'node:path'

module.enableCompileCache?.(join(import.meta.dirname, '..', 'node_modules', '.cache', 'carsync'))
