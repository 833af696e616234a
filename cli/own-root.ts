/** Where this program is installed. */
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** The folder of package.json: one up, and two when this was built; null: it is not there. */
export const ownRoot = (): string | null =>
  ['..', '../..']
    .map((path) => fileURLToPath(new URL(path, import.meta.url)))
    .find((root) => existsSync(join(root, 'package.json'))) ?? null

/** The version that package.json names. */
export const ownVersion = (): string => {
  const root = ownRoot()
  return root === null ? 'unknown' : JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')).version
}
