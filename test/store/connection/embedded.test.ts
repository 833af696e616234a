import assert from 'node:assert/strict'
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import { SyncError } from '../../../src/errors.ts'
import { openEmbedded } from '../../../src/store/connection/embedded.ts'
import { spawnCommand } from '../../support/spawn-command.ts'

const newFolder = (t: TestContext): string => {
  const folder = mkdtempSync(join(tmpdir(), 'carsync-embedded-'))
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

const refuses = (folder: string) =>
  assert.rejects(openEmbedded(folder), (error: Error) => {
    assert.ok(error instanceof SyncError, String(error))
    assert.equal(error.exitCode, 2)
    assert.match(
      error.message,
      /^The embedded database in .* cannot be used: .*\. Let this user write there, .*DATABASE_URL/,
    )
    return true
  })

describe('an embedded database whose folder cannot be written', () => {
  it('is refused in a sentence, at whatever point it shows', async (t) => {
    const cwd = newFolder(t)
    writeFileSync(join(cwd, 'file'), '')
    await refuses(join(cwd, 'file', 'db'))
    mkdirSync(join(cwd, 'locked', 'db.lock'), { recursive: true })
    await refuses(join(cwd, 'locked', 'db'))
    writeFileSync(join(cwd, 'data'), '')
    await refuses(join(cwd, 'data'))
  })

  it('ends a sync with 2, and doctor finds it', async (t) => {
    const cwd = newFolder(t)
    writeFileSync(join(cwd, '.carsync'), '')
    const sync = await spawnCommand(cwd, {}, ['sync']).ended
    assert.match(sync.stderr, /The embedded database in .* cannot be used/)
    assert.equal(sync.code, 2)
    const doctor = await spawnCommand(cwd, {}, ['doctor']).ended
    assert.match(doctor.stdout, /✗ database: embedded, in .*; the first sync could not make it/)
    assert.equal(doctor.code, 1)
  })

  it('is refused to a user who may not write there', {
    skip: process.getuid?.() === 0 ? 'root may do all' : false,
  }, async (t) => {
    const cwd = newFolder(t)
    chmodSync(cwd, 0o555)
    t.after(() => chmodSync(cwd, 0o755))
    await refuses(join(cwd, '.carsync', 'db'))
  })
})
