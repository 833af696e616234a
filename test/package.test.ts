/** What is published: built, packed, installed into an empty folder, and run from there. */
import assert from 'node:assert/strict'
import { execFile, execFileSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, dirname, join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath, pathToFileURL } from 'node:url'
import type { Summary } from '../src/mod.ts'

const root = fileURLToPath(new URL('..', import.meta.url))
const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { name: string; version: string }

/** The caller's environment without what npm or a user of carsync has put there; this very Node comes first. */
const environment = (more: Record<string, string> = {}): Record<string, string | undefined> => {
  const ours =
    /^(npm_(lifecycle|package|command|execpath|config_(local_)?prefix)|NODE_(?!EXTRA_CA_CERTS)|INIT_CWD|API_|CARSYNC_|DATABASE_|SUPABASE_)/
  const kept = Object.entries(process.env).filter(([name]) => !ours.test(name))
  const path = `${dirname(process.execPath)}${delimiter}${process.env.PATH}`
  return { ...Object.fromEntries(kept), PATH: path, NO_COLOR: '1', ...more }
}

type Ran = { code: number; stdout: string; stderr: string }

const run = (file: string, args: readonly string[], cwd: string, more: Record<string, string> = {}): Promise<Ran> =>
  new Promise((resolve) => {
    const options = { cwd, env: environment(more), encoding: 'utf8' as const, maxBuffer: 16 << 20 }
    execFile(file, [...args], options, (error, stdout, stderr) => {
      const code = error === null ? 0 : typeof error.code === 'number' ? error.code : -1
      resolve({ code, stdout, stderr: stderr || (error?.message ?? '') })
    })
  })

const OFFLINE = /ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ETIMEDOUT|ENETUNREACH|ERR_SOCKET_TIMEOUT/

test('the package installs into an empty folder and runs there', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'carsync-package-'))
  t.after(() => rmSync(folder, { recursive: true, force: true }))

  const built = await run(process.execPath, ['scripts/build.ts'], root)
  assert.equal(built.code, 0, built.stdout + built.stderr)
  const main = join(root, 'dist/cli/main.js')
  assert.equal(
    readFileSync(main, 'utf8').split('\n')[0],
    '#!/usr/bin/env -S node --max-semi-space-size=8 --v8-pool-size=2',
  )
  assert.equal(statSync(main).mode & 0o111, 0o111)

  const packed = await run('npm', ['pack', '--ignore-scripts', '--silent', '--pack-destination', folder], root)
  assert.equal(packed.code, 0, packed.stderr)
  const [tarball] = readdirSync(folder).filter((file) => file.endsWith('.tgz'))
  assert.ok(tarball)
  const files = execFileSync('tar', ['-tzf', join(folder, tarball)], { encoding: 'utf8' })
    .trim()
    .split('\n')
  const strange = files.filter(
    (file) =>
      !/^package\/(dist\/(src|cli|demo|dashboard)\/.*\.(js|d\.ts)|src\/.*\.ts|dashboard\/page\/[\w-]+\.(html|css|js|svg)|supabase\/functions\/cars-sync\/([\w-]+\.ts|deno\.json)|supabase\/migrations\/\d{14}_\w+\.sql|package\.json|\w+\.md|LICENSE)$/.test(
        file,
      ),
  )
  assert.deepEqual(strange, [], 'nothing else is published')

  writeFileSync(join(folder, 'package.json'), '{"private":true,"type":"module"}')
  const flags = ['--no-audit', '--no-fund', '--prefer-offline', '--fetch-retries=1', '--loglevel=error']
  const installed = await run('npm', ['install', ...flags, `./${tarball}`], folder)
  if (installed.code !== 0 && OFFLINE.test(installed.stderr)) {
    t.skip('the registry cannot be reached, and the npm cache does not have the dependencies')
    return
  }
  assert.equal(installed.code, 0, installed.stderr)

  await t.test('npx carsync --version', async () => {
    const { code, stdout } = await run('npx', ['--no-install', 'carsync', '--version'], folder)
    assert.deepEqual([code, stdout.trim()], [0, manifest.version])
  })

  const bin = join(folder, 'node_modules/.bin/carsync')

  await t.test('--help, of the program and of each command that it names', async () => {
    const { code, stdout, stderr } = await run(bin, ['--help'], folder)
    assert.equal(code, 0, stderr)
    const commands = [
      ...stdout.slice(stdout.indexOf('Commands:'), stdout.indexOf('Examples:')).matchAll(/^ {2}([a-z][a-z-]*) /gm),
    ]
      .map((match) => match[1]!)
      .filter((name) => name !== 'help')
    for (const command of ['sync', 'status', 'rejects', 'migrate', 'doctor', 'dashboard', 'demo-api'])
      assert.ok(commands.includes(command), `${command} is in\n${stdout}`)
    // One process says them all, and loads the module of each.
    const program = join(folder, 'node_modules', manifest.name, 'dist/cli/program.js')
    const script = `
      const { carsync } = await import(${JSON.stringify(pathToFileURL(program).href)})
      for (const command of process.argv.slice(1)) console.log('code', await carsync([command, '--help']))`
    const helps = await run(process.execPath, ['--input-type=module', '-e', script, '--', ...commands], folder)
    assert.equal(helps.code, 0, helps.stderr)
    const told = helps.stdout.split(/^code 0\n/m)
    assert.equal(told.length, commands.length + 1, helps.stdout + helps.stderr)
    for (const [i, command] of commands.entries()) assert.match(told[i]!, new RegExp(`Usage: .*${command}`))
  })

  await t.test('migrate --print has the whole schema', async () => {
    const { code, stdout, stderr } = await run(bin, ['migrate', '--print'], folder)
    assert.equal(code, 0, stderr)
    assert.match(stdout, /create table if not exists cars \(/)
    assert.match(stdout, /create table if not exists carsync\.pages/)
  })

  await t.test('sync mirrors the demo inventory, and status tells of it', async () => {
    const { code, stdout, stderr } = await run(bin, ['sync', '--json'], folder, { CARSYNC_DEMO_CARS: '1000' })
    assert.equal(code, 0, stderr)
    const summary = JSON.parse(stdout) as Summary
    assert.deepEqual([summary.status, summary.proof, summary.source], ['complete', 'exact', 'demo'])
    assert.deepEqual([summary.cars.inserted, summary.cars.rejected], [1000, 0])
    assert.match(stderr, /carsync sync/, 'what to do next is said as it can be called here')
    const status = await run(bin, ['status', '--json'], folder)
    assert.equal(status.code, 0, status.stderr)
    assert.equal((JSON.parse(status.stdout) as Summary).runId, summary.runId)
  })

  await t.test('both entries can be imported, with their types', async () => {
    const script = `
      const door = await import('${manifest.name}'), engine = await import('${manifest.name}/engine')
      console.log(typeof door.openStore, typeof engine.sync, 'openStore' in engine)`
    const loaded = await run(process.execPath, ['--input-type=module', '-e', script], folder)
    assert.equal(loaded.stdout.trim(), 'function function false', loaded.stderr)
    writeFileSync(
      join(folder, 'use.ts'),
      `import { openStore, resolveOptions, type Store } from '${manifest.name}'
       import type { Summary, SyncEvent } from '${manifest.name}/engine'
       const options = resolveOptions({}, {})
       export const store: Promise<Store> = openStore(options, { embeddedFolder: null })
       export const seen = (summary: Summary): number => summary.cars.seen
       // @ts-expect-error -- would pass if the types were not found
       export const wrong = (event: SyncEvent): 5 => event.kind\n`,
    )
    const tsc = join(root, 'node_modules/typescript/bin/tsc')
    const checks = [
      '--noEmit',
      '--strict',
      '--module',
      'nodenext',
      '--target',
      'es2024',
      '--lib',
      'es2024,esnext.iterator,dom,dom.iterable',
    ]
    const typed = await run(process.execPath, [tsc, ...checks, '--skipLibCheck', '--types', '', 'use.ts'], folder)
    assert.equal(typed.code, 0, typed.stdout + typed.stderr)
  })
})
