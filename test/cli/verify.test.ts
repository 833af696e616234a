import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { it } from 'node:test'
import { openDatabase, type Verified } from '../../src/node.ts'
import { placeEmbedded } from '../support/embedded.ts'

const MAIN = join(import.meta.dirname, '../../cli/main.ts')

it('finds nothing after a sync, and after that just what was bent in the database', async (t) => {
  const cwd = mkdtempSync(join(tmpdir(), 'verify-'))
  t.after(() => rmSync(cwd, { recursive: true, force: true }))
  const carsync = (...args: string[]) =>
    spawnSync(process.execPath, [MAIN, ...args, '--demo', '--json'], {
      cwd,
      encoding: 'utf8',
      env: { PATH: process.env.PATH, CARSYNC_DEMO_CARS: '100' },
    })
  const verify = () => {
    const { status, stdout } = carsync('verify', '--sample', '100', '--seed', 'a')
    return { status, found: JSON.parse(stdout) as Verified }
  }
  await placeEmbedded(join(cwd, '.carsync/demo'))
  assert.equal(carsync('sync').status, 0)
  const before = verify()
  assert.equal(before.status, 0)
  assert.deepEqual(before.found.differences, [])
  assert.deepEqual([before.found.compared, before.found.askedById], [100, 100])
  assert.equal(before.found.requests, before.found.budget)

  const db = await openDatabase({ databaseUrl: null }, { embeddedFolder: join(cwd, '.carsync/demo') })
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

  const { status, found } = verify()
  assert.equal(status, 1)
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
})
