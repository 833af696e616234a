/** What the real Supabase CLI makes of the project: it applies the migrations, makes types, and uploads the function. */
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import { fileURLToPath } from 'node:url'
import postgres from 'postgres'
import { openDatabase, openStore, resolveOptions } from '../../src/node.ts'
import { startPostgres } from '../support/postgres.ts'
import { copyProject, HOW_TO_GET_IT, hasSupabaseCli, recordingServer, supabase } from '../support/supabase-cli.ts'

const SKIP = hasSupabaseCli ? {} : { skip: HOW_TO_GET_IT }
const ROOT = fileURLToPath(new URL('../../', import.meta.url))
const ENTRY = 'supabase/functions/cars-sync/index.ts'
const MOST_BYTES = 4 << 20

const projectFor = (t: TestContext): string => {
  const folder = copyProject()
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

/** The modules of the function as Deno finds them: paths from the root, and bytes. */
const graph = (): { path: string; bytes: number }[] => {
  const told = JSON.parse(
    execFileSync('deno', ['info', '--json', '--quiet', '--config', 'deno.json', ENTRY], {
      cwd: ROOT,
      encoding: 'utf8',
    }),
  ) as { modules: { local?: string; size?: number; specifier: string }[] }
  return told.modules
    .filter(({ specifier }) => specifier.startsWith('file:'))
    .map(({ local, size }) => ({ path: relative(ROOT, local!), bytes: size! }))
    .filter(({ path }) => !path.startsWith('node_modules'))
}

describe('the function as a bundle', () => {
  it('is the engine and its door, and nothing that needs files, a terminal or another database', () => {
    const modules = graph()
    const foreign = modules.filter(({ path }) => !/^(src|supabase\/functions\/cars-sync)\//.test(path))
    assert.deepEqual(foreign, [])
    assert.deepEqual(
      modules.filter(({ path }) => /^src\/(node|store\/connection\/embedded)\.ts$/.test(path)),
      [],
    )
    const bytes = modules.reduce((sum, module) => sum + module.bytes, 0)
    assert.ok(bytes < MOST_BYTES, `${bytes} bytes`)
  })

  it('asks for the packages that the project locks', () => {
    const { imports } = JSON.parse(readFileSync(join(ROOT, 'supabase/functions/cars-sync/deno.json'), 'utf8'))
    const lock = JSON.parse(readFileSync(join(ROOT, 'package-lock.json'), 'utf8'))
    for (const [name, specifier] of Object.entries(imports))
      assert.equal(specifier, `npm:${name}@${lock.packages[`node_modules/${name}`].version}`)
  })
})

describe('supabase functions deploy', SKIP, () => {
  it('uploads what Deno would load, and the settings of the function', async (t) => {
    const folder = projectFor(t)
    const server = await recordingServer()
    t.after(() => server.close())
    const profile = join(folder, 'profile.yaml')
    writeFileSync(
      profile,
      `name: recorder\napi_url: ${server.url}\ndashboard_url: ${server.url}\nproject_host: supabase.co\n`,
    )
    const said = await supabase(
      folder,
      ['functions', 'deploy', 'cars-sync', '--use-api', '--yes', '--remote=abcdefghijklmnopqrst', '--profile', profile],
      { SUPABASE_ACCESS_TOKEN: `sbp_${'0123456789'.repeat(4)}` },
    )
    assert.equal(said.code, 0, said.stderr)
    assert.equal(server.uploads.length, 1)
    const upload = server.uploads[0]!.toString('latin1')
    const files = [...upload.matchAll(/filename="([^"]+)"/g)].map((match) => match[1]!).sort()
    const wanted = [...graph().map(({ path }) => path), 'supabase/functions/cars-sync/deno.json'].sort()
    assert.deepEqual(files, wanted)
    assert.ok(upload.length < MOST_BYTES, `${upload.length} bytes`)
    const metadata = JSON.parse(/\r\n\r\n(\{"entrypoint_path".*?\})\r\n/s.exec(upload)![1]!)
    assert.equal(metadata.verify_jwt, false)
    assert.equal(metadata.entrypoint_path, ENTRY)
  })
})

describe('supabase db push', SKIP, () => {
  it('applies the migrations under a role that is no superuser, twice, and a sync can begin', async (t) => {
    const folder = projectFor(t)
    // A cluster of its own: roles belong to all of its databases.
    const pg = await startPostgres({ fsync: 'off' })
    const admin = postgres(pg.url, { max: 1, onnotice: () => {} })
    t.after(async () => {
      await admin.end()
      await pg.close()
    })
    const name = 'pushed'
    for (const role of ['anon', 'authenticated', 'service_role']) await admin.unsafe(`create role ${role} nologin`)
    await admin.unsafe(`create role ${name} login createrole password 'pw'`)
    await admin.unsafe(`grant anon, authenticated, service_role to ${name}`)
    await admin.unsafe(`create database ${name} owner ${name}`)
    const { hostname, port } = new URL(pg.url)
    const url = `postgres://${name}:pw@${hostname}:${port}/${name}?sslmode=disable`

    const first = await supabase(folder, ['db', 'push', `--remote=${url}`, '--yes'])
    assert.equal(first.code, 0, first.stderr + first.stdout)
    assert.match(first.stdout + first.stderr, /20261125120000_schedule/)
    const again = await supabase(folder, ['db', 'push', `--remote=${url}`, '--yes'])
    assert.equal(again.code, 0, again.stderr)
    assert.match(again.stdout + again.stderr, /up to date/)

    const db = await openDatabase({ databaseUrl: url }, { embeddedFolder: null })
    t.after(() => db.close())
    const open = await db.query(
      `select schemaname || '.' || tablename as name from pg_tables where schemaname in ('public', 'carsync') and not rowsecurity`,
    )
    assert.deepEqual(open, [])
    const store = await openStore(resolveOptions({}, { DATABASE_URL: url }), { embeddedFolder: null })
    await store.close()

    const types = await supabase(folder, ['gen', 'types', `--remote=${url}`])
    assert.equal(types.code, 0, types.stderr)
    for (const table of ['cars', 'car_changes', 'sync_progress'])
      assert.match(types.stdout, new RegExp(`"?${table}"?: \\{`))
    assert.doesNotMatch(types.stdout, /"?held_removals"?: \{\s*Row/)
  })
})
