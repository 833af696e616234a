/** `npm run build`: a publishable `dist/` with types, from a clean folder. */
import { execFileSync } from 'node:child_process'
import { chmodSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { nodeFlags } from './node-flags.ts'

const root = fileURLToPath(new URL('..', import.meta.url))
const main = `${root}dist/cli/main.js`

rmSync(`${root}dist`, { recursive: true, force: true })
execFileSync(process.execPath, [`${root}node_modules/typescript/bin/tsc`, '-p', `${root}tsconfig.build.json`], {
  stdio: 'inherit',
})
// What holds the memory of a sync down can only be given when Node starts. There is no TypeScript left to be prepared for.
const flags = nodeFlags(root).filter((flag) => !flag.startsWith('--import'))
const script = readFileSync(main, 'utf8').replace(/^#!.*\n/, '')
writeFileSync(main, `#!/usr/bin/env -S node ${flags.join(' ')}\n${script}`)
chmodSync(main, 0o755)
