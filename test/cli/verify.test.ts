import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { it } from 'node:test'
import { startDemoApi } from '../../demo/demo-api.ts'
import { openDatabase, type Verified } from '../../src/node.ts'
import { newMigratedUrl } from '../support/databases.ts'
import { spawnCommand } from '../support/spawn-command.ts'

it('finds nothing after a sync, and after that just what was bent in the database', async (t) => {
  const cwd = mkdtempSync(join(tmpdir(), 'verify-'))
  const [databaseUrl, api] = await Promise.all([newMigratedUrl(), startDemoApi({ cars: 100 })])
  t.after(async () => {
    await api.close()
    rmSync(cwd, { recursive: true, force: true })
  })
  const env = { DATABASE_URL: databaseUrl, API_BASE_URL: api.url, API_KEY: 'k' }
  const carsync = (...args: string[]) => spawnCommand(cwd, env, [...args, '--json']).ended
  const verify = async () => {
    const { code, stdout, stderr } = await carsync('verify', '--sample', '100', '--seed', 'a')
    assert.notEqual(stdout, '', stderr)
    return { code, found: JSON.parse(stdout) as Verified }
  }
  const synced = await carsync('sync')
  assert.equal(synced.code, 0, synced.stderr)
  const before = await verify()
  assert.equal(before.code, 0)
  assert.deepEqual(before.found.differences, [])
  assert.deepEqual([before.found.compared, before.found.askedById], [100, 100])
  assert.equal(before.found.requests, before.found.budget)

  const db = await openDatabase({ databaseUrl }, { embeddedFolder: null })
  const rows = await db.query('select source_id from public.cars order by source_id limit 3', [])
  const [bent, gone, removed] = rows.map((row) => row.source_id as string) as [string, string, string]
  // As read long after every stamp of the demo, so that nothing counts as newer at the source.
  await db.query(`update public.cars set read_at = '2100-01-01'`, [])
  await db.query(`update public.cars set title = 'bent' where source_id = $1`, [bent])
  await db.query('delete from public.cars where source_id = $1', [gone])
  await db.query('update public.cars set removed_at = now() where source_id = $1', [removed])
  await db.query(
    `update public.cars set source_id = '999999999' where source_id = (select max(source_id) from public.cars)`,
    [],
  )
  await db.close()

  const { code, found } = await verify()
  assert.equal(code, 1)
  const kindOf = (id: string | undefined) =>
    found.differences.filter((each) => each.sourceId === id).map(({ kind }) => kind)
  assert.deepEqual(kindOf(bent), ['differs'])
  assert.match(
    found.differences.find(({ sourceId }) => sourceId === bent)!.message,
    /^title is "bent" here and ".+" at the source$/,
  )
  assert.deepEqual(kindOf(gone), ['missing'])
  assert.deepEqual(kindOf(removed), ['marked-removed'])
  assert.deepEqual(kindOf('999999999'), ['gone'])
  assert.equal(found.differences.length, 5)

  // What it says helps: a sweep mends all but the row that was edited, which is read anew once it is deleted.
  const { stdout } = await spawnCommand(cwd, env, ['verify', '--sample', '100']).ended
  assert.match(
    stdout,
    /\nTo mend it: .*sync.* --full, then verify again\.\nWhat differs even then was edited in the table/,
  )
  await carsync('sync', '--full')
  const left = (await verify()).found.differences
  assert.deepEqual(
    left.map(({ kind, sourceId }) => [kind, sourceId]),
    [['differs', bent]],
  )
  const again = await openDatabase({ databaseUrl }, { embeddedFolder: null })
  await again.query('delete from public.cars where source_id = $1', [bent])
  await again.close()
  await carsync('sync', '--full')
  assert.deepEqual((await verify()).found.differences, [])
})
