/** Which files a module needs, as its relative imports tell. */
import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path/posix'

const RELATIVE = /(?:\bfrom|\bimport)\s*\(?\s*'(\.[^']+)'/g

/** The paths (from `root`) of `entry` and of everything that it leads to, with their text, in the order they are met. */
export const moduleGraph = (root: string, entry: string): Map<string, string> => {
  const found = new Map<string, string>()
  const open = [entry]
  for (let path = open.shift(); path !== undefined; path = open.shift()) {
    if (found.has(path)) continue
    const text = readFileSync(join(root, path), 'utf8')
    found.set(path, text)
    for (const [, specifier] of text.matchAll(RELATIVE)) open.push(join(dirname(path), specifier!))
  }
  return found
}
