import { readFileSync } from 'node:fs'

/** The flags that `npm run sync-cars` gives to Node, with what they name in the tree at `root`, which ends with a slash. */
export const nodeFlags = (root: string): string[] =>
  (JSON.parse(readFileSync(`${root}package.json`, 'utf8')) as { scripts: Record<string, string> }).scripts[
    'sync-cars'
  ]!.split(' ')
    .filter((word) => word.startsWith('--'))
    .map((flag) => flag.replace('=./', `=${root}`))
