import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { it } from 'node:test'
import { pathToFileURL } from 'node:url'
import { ROOT } from '../bench/measure.ts'
import { nodeFlags } from '../scripts/node-flags.ts'

it('a command that was compiled once is started without the compiler for TypeScript in its memory', () => {
  const folder = mkdtempSync(join(tmpdir(), 'carsync-compiled-'))
  const watch = join(folder, 'watch.mjs')
  writeFileSync(
    watch,
    `process.on('exit', () => console.log('compiler:', process.moduleLoadList.some((name) => name.includes('amaro'))))`,
  )
  // The environment of the tests has a cache of its own.
  const { NODE_COMPILE_CACHE: _, ...env } = process.env
  const start = (): string =>
    execFileSync(
      process.execPath,
      [...nodeFlags(ROOT), `--import=${pathToFileURL(watch)}`, join(ROOT, 'scripts/sync-cars.ts'), '--help'],
      { cwd: folder, env, encoding: 'utf8' },
    )
  try {
    start()
    assert.match(start(), /compiler: false\n$/)
  } finally {
    rmSync(folder, { recursive: true })
  }
})
