/** `carsync init` in somebody's Supabase project. */
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, it, type TestContext } from 'node:test'
import { fileURLToPath } from 'node:url'
import { asksForJwt, withEntry } from '../../cli/init/config-entry.ts'
import { placeMigrations } from '../../cli/init/migration-files.ts'
import { moduleGraph } from '../../cli/init/module-graph.ts'
import { newPostgresUrl } from '../support/databases.ts'
import { edgeScene } from '../support/edge/edge-scene.ts'
import { ownScript } from '../support/own-script.ts'
import { endedIn, IN_TURN, inTurns } from '../support/turns.ts'

const ROOT = fileURLToPath(new URL('../../', import.meta.url))
const MAIN = ownScript('cli/main.ts')
const CONFIG = 'project_id = "cars"\n\n[functions.mail]\nverify_jwt = true\n'

const newFolder = (t: TestContext): string => {
  const folder = mkdtempSync(join(tmpdir(), 'carsync-init-'))
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

const project = (folder: string): string => {
  mkdirSync(join(folder, 'supabase/migrations'), { recursive: true })
  mkdirSync(join(folder, 'supabase/functions/mail'), { recursive: true })
  writeFileSync(join(folder, 'supabase/config.toml'), CONFIG)
  writeFileSync(join(folder, 'supabase/migrations/20300101000000_mine.sql'), 'create table mine (id int);\n')
  writeFileSync(join(folder, 'supabase/functions/mail/index.ts'), '// mine\n')
  return folder
}

const init = (folder: string, ...flags: string[]): string =>
  execFileSync(process.execPath, [...MAIN, 'init', folder, ...flags], {
    encoding: 'utf8',
    env: { PATH: process.env.PATH },
  })

/** The same several times, one after the other in one process: what each says. */
const inits = (folder: string, ...runs: string[][]): string[] => {
  const turns = inTurns(runs.map((flags) => ({ args: ['init', folder, ...flags] })))
  const options = { encoding: 'utf8', env: { PATH: process.env.PATH, ...turns }, stdio: 'pipe' } as const
  return endedIn('', execFileSync(process.execPath, ownScript(IN_TURN), options)).shown
}

let first: string | undefined
after(() => first !== undefined && rmSync(first, { recursive: true, force: true }))

/** A project with everything in it, as `init` leaves it. */
const initialized = (t: TestContext): string => {
  if (first === undefined) {
    first = project(mkdtempSync(join(tmpdir(), 'carsync-init-')))
    init(first)
  }
  const folder = newFolder(t)
  cpSync(first, folder, { recursive: true })
  return folder
}

/** Every file of the project with its text. */
const contentOf = (folder: string): Map<string, string> =>
  new Map(
    readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name))
      .map((path) => [path.slice(folder.length + 1), readFileSync(path, 'utf8')]),
  )

describe('carsync init', () => {
  it('adds the function, its migrations and its entry, touches nothing else, and says what follows', (t) => {
    const folder = project(newFolder(t))
    const before = contentOf(folder)
    const said = init(folder)
    const after = contentOf(folder)
    for (const [path, text] of before)
      if (path === 'supabase/config.toml') assert.ok(after.get(path)!.startsWith(CONFIG))
      else assert.equal(after.get(path), text, path)
    const added = [...after.keys()].filter((path) => !before.has(path))
    assert.deepEqual(
      added.filter((path) => !/^supabase\/(functions\/cars-sync\/|migrations\/\d{14}_cars_sync_\w+\.sql)/.test(path)),
      [],
    )
    assert.ok(after.has('supabase/functions/cars-sync/.env.example'))
    assert.match(said, /npx supabase db push[\s\S]*secrets set[\s\S]*functions deploy cars-sync/)
    const migrations = added.filter((path) => path.includes('/migrations/')).sort()
    assert.ok(
      migrations.every((path) => path > 'supabase/migrations/20300101000000_mine.sql'),
      'after all that are there',
    )
    assert.deepEqual(
      migrations.map((path) => path.replace(/^.*_cars_sync_/, '')),
      readdirSync(join(ROOT, 'supabase/migrations'))
        .sort()
        .map((file) => file.slice(15)),
    )
  })

  it('run twice changes nothing', (t) => {
    const folder = initialized(t)
    const before = contentOf(folder)
    const [again, diff] = inits(folder, [], ['--diff'])
    assert.match(again!, /^Nothing to do/)
    assert.equal(diff, '')
    assert.deepEqual(contentOf(folder), before)
  })

  it('leaves alone what somebody changed, shows the difference, and takes it over when told to', (t) => {
    const folder = initialized(t)
    const path = join(folder, 'supabase/functions/cars-sync/cors.ts')
    const own = `${readFileSync(path, 'utf8')}// mine\n`
    writeFileSync(path, own)
    const [left, patch] = inits(folder, [], ['--diff'])
    assert.match(left!, /Left alone[\s\S]*cors\.ts/)
    assert.match(patch!, /--- a\/supabase\/functions\/cars-sync\/cors\.ts/)
    assert.match(patch!, /^-\/\/ mine$/m)
    assert.equal(readFileSync(path, 'utf8'), own, 'neither changes anything')
    assert.match(init(folder, '--force'), /Changed:[\s\S]*cors\.ts/)
    assert.doesNotMatch(readFileSync(path, 'utf8'), /mine/)
  })

  it('says what is missing where there is no Supabase project', (t) => {
    const folder = newFolder(t)
    assert.throws(
      () => init(folder),
      (error: { status: number; stderr: string }) =>
        error.status === 2 && /there is no supabase\/config\.toml.*npx supabase init/.test(error.stderr),
    )
    assert.deepEqual(readdirSync(folder), [])
  })

  it('makes a function that runs', async (t) => {
    const folder = initialized(t)
    // As `npm ci` brought it: nothing is downloaded here.
    const importMap = join(folder, 'import-map.json')
    const postgres = new URL('../../node_modules/postgres/src/index.js', import.meta.url).href
    writeFileSync(importMap, JSON.stringify({ imports: { postgres } }))
    const scene = await edgeScene({
      demo: { cars: 2000, maxPageSize: 250 },
      databaseUrl: await newPostgresUrl(),
      path: join(folder, 'supabase/functions/cars-sync/index.ts'),
      importMap,
    })
    t.after(() => scene.close())
    const begun = await scene.call({ action: 'start', mode: 'full' })
    assert.equal(begun.status, 202, JSON.stringify([begun.body, scene.edge.lines]))
    const report = await scene.settled(Number.POSITIVE_INFINITY)
    assert.deepEqual([report.status, report.proof, report.cars.seen], ['complete', 'exact', 2000])
  })
})

describe('the parts of init', () => {
  it('follow every relative import, and nothing else', () => {
    const graph = moduleGraph(ROOT, 'src/mod.ts')
    assert.ok(graph.has('src/pace/pace.ts') && graph.has('src/store/connection/postgres-socket.ts'))
    assert.ok([...graph.keys()].every((path) => existsSync(join(ROOT, path))))
    assert.ok(!graph.has('src/node.ts') && !graph.has('src/store/connection/embedded.ts'))
  })

  it('give new migrations the present time, and keep what is there', () => {
    const now = Date.UTC(2027, 0, 2, 3, 4, 5)
    const all = ['one', 'two'].map((name) => ({ name, sql: name }))
    const first = placeMigrations(all, [], now)
    assert.deepEqual(
      [...first.keys()],
      ['supabase/migrations/20270102030405_cars_sync_one.sql', 'supabase/migrations/20270102030406_cars_sync_two.sql'],
    )
    const there = ['20270102030405_cars_sync_one.sql', '20280101000000_theirs.sql', 'notes.md']
    assert.deepEqual(
      [...placeMigrations(all, there, now).keys()],
      ['supabase/migrations/20270102030405_cars_sync_one.sql', 'supabase/migrations/20280101000001_cars_sync_two.sql'],
    )
  })

  it('add one entry to the configuration, and notice one that shuts cron out', () => {
    const once = withEntry('[api]\nport = 1')
    assert.equal(withEntry(once), once)
    assert.equal(asksForJwt(once), false)
    for (const config of [
      '[functions.cars-sync]\n[db]\nverify_jwt = false\n',
      '[functions."cars-sync"]\nverify_jwt = true\n',
    ]) {
      assert.equal(withEntry(config), config)
      assert.equal(asksForJwt(config), true)
    }
    assert.equal(asksForJwt('[functions.mail]\nverify_jwt = true\n'), false)
  })
})
