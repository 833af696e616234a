/** `npm run build`: a publishable `dist/` with types, from a clean folder. */
import { execFileSync } from 'node:child_process'
import { chmodSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
const main = `${root}dist/cli/main.js`

rmSync(`${root}dist`, { recursive: true, force: true })
execFileSync(process.execPath, [`${root}node_modules/typescript/bin/tsc`, '-p', `${root}tsconfig.build.json`], {
  stdio: 'inherit',
})
// The flag holds the memory of a sync down; it can only be given when Node starts.
const script = readFileSync(main, 'utf8').replace(/^#!.*\n/, '')
writeFileSync(main, `#!/usr/bin/env -S node --max-semi-space-size=8 --v8-pool-size=2\n${script}`)
chmodSync(main, 0o755)
