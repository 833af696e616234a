/** What `npm ci` brings: no download addresses, and no install scripts that nobody has decided on. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { describe, it } from 'node:test'

const root = new URL('../', import.meta.url)
const textOf = (file: string): string => readFileSync(new URL(file, root), 'utf8')

type Locked = {
  version?: string
  resolved?: string
  hasInstallScript?: boolean
  optional?: boolean
  os?: string[]
  dev?: boolean
}
const lock = JSON.parse(textOf('package-lock.json')) as { packages: Record<string, Locked> }
const manifest = JSON.parse(textOf('package.json')) as {
  allowScripts: Record<string, boolean>
  dependencies: Record<string, string>
}
const nameOf = (path: string): string => path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length)

describe('the packages', () => {
  it('are locked without saying where they are downloaded from', () => {
    const named = Object.entries(lock.packages).filter(([, { resolved }]) => resolved !== undefined)
    assert.deepEqual(named, [])
  })

  it('run no install scripts but those that are allowed, and each of these is decided on', () => {
    const scripted = Object.entries(lock.packages)
      .filter(([, { hasInstallScript }]) => hasInstallScript)
      .map(([path]) => nameOf(path))
    const decisions = textOf('DECISIONS.md')
    assert.ok(scripted.length > 0)
    for (const name of scripted) {
      // Other platforms' binaries of the same package are never installed beside this one.
      const [family] = name.split('/')
      const allowed = Object.keys(manifest.allowScripts).filter(
        (each) => each === name || each.startsWith(`${family}/`),
      )
      assert.notEqual(allowed.length, 0, `${name} has an install script that package.json does not allow`)
    }
    for (const [name, allowed] of Object.entries(manifest.allowScripts)) {
      assert.equal(allowed, true)
      assert.ok(scripted.includes(name), `${name} is allowed an install script and has none`)
      assert.match(decisions, new RegExp(`install scripts:[^.]*\`${name}\``), `DECISIONS.md does not name ${name}`)
    }
  })

  it('that the program needs run none at all', () => {
    for (const [path, { hasInstallScript, dev, optional }] of Object.entries(lock.packages))
      if (hasInstallScript) assert.ok(dev || optional, path)
  })
})
