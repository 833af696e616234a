import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { startDemoApi } from '../../demo/demo-api.ts'
import packageJson from '../../package.json' with { type: 'json' }
import { newMigratedUrl } from '../support/databases.ts'
import { placeEmbedded } from '../support/embedded.ts'
import { ownScript } from '../support/own-script.ts'
import { endedIn, IN_TURN, inTurns, type Turn } from '../support/turns.ts'

type Surroundings = {
  env?: Record<string, string>
  files?: Record<string, string>
  script?: string
  /** The database of the demo is there already, which spares the seconds of making it. */
  placed?: boolean
  /** The process is interrupted as soon as its stderr has this. */
  interruptAt?: string
}
type Ended = { code: number | null; stdout: string; stderr: string }

/** Runs a script of the repository in a folder of its own, with nothing configured but `env`. */
const run = async (
  args: string[],
  { env = {}, files = {}, script = 'cli/main.ts', placed = false, interruptAt }: Surroundings = {},
): Promise<Ended> => {
  const cwd = await mkdtemp(join(tmpdir(), 'carsync-cli-'))
  try {
    for (const [name, text] of Object.entries(files)) await writeFile(join(cwd, name), text)
    if (placed) await placeEmbedded(join(cwd, '.carsync/demo'))
    const child = spawn(process.execPath, [...ownScript(script), ...args], {
      cwd,
      env: { PATH: process.env.PATH, HOME: cwd, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    let [stdout, stderr] = ['', '']
    child.stdout.setEncoding('utf8').on('data', (text) => {
      stdout += text
    })
    child.stderr.setEncoding('utf8').on('data', (text) => {
      stderr += text
      if (interruptAt !== undefined && stderr.includes(interruptAt)) {
        interruptAt = undefined
        child.kill('SIGINT')
      }
    })
    const code = await new Promise<number | null>((resolve) => child.on('close', resolve))
    return { code, stdout, stderr }
  } finally {
    await rm(cwd, { recursive: true, force: true })
  }
}

/** The same for several commands, one after the other in one process: the exit code, the stderr and the stdout of each. */
const inTurn = async (turns: Turn[], env: Record<string, string> = {}) => {
  const ended = await run([], { env: { ...env, ...inTurns(turns) }, script: IN_TURN })
  assert.equal(ended.code, 0, ended.stderr)
  return { stderr: ended.stderr, ...endedIn(ended.stderr, ended.stdout) }
}

test('--version is the one of package.json', async () => {
  assert.deepEqual(await run(['--version']), { code: 0, stdout: `${packageJson.version}\n`, stderr: '' })
})

test('--help lists the commands, and those of each show examples', async () => {
  const names = ['sync', 'status', 'runs', 'rejects', 'migrate', 'doctor', 'demo-api']
  const { codes, shown, stderr } = await inTurn(
    [[], ...names.map((name) => [name])].map((of) => ({ args: [...of, '--help'] })),
  )
  assert.deepEqual(codes, Array(1 + names.length).fill(0), stderr)
  const [whole, ...helps] = shown
  for (const [at, name] of names.entries()) {
    assert.match(whole!, new RegExp(`^  ${name} `, 'm'))
    assert.match(helps[at]!, new RegExp(`Examples:\n  carsync ${name}`))
  }
})

test('wrong usage ends with 2 and a sentence', async () => {
  const wrong = [
    ['--nonsense'],
    ['nonsense'],
    [],
    ['sync', '--nonsense'],
    ['sync', 'extra'],
    ['runs', '--limit', '0'],
    ['sync', '--max-rate', 'x'],
    ['sync', '--full', '--incremental'],
    ['demo-api', '--port', '70000'],
    // A value that was forgotten: the next option is not taken for it.
    ['sync', '--demo', '--priority', '--dry-run'],
    ['sync', '--log', '--json'],
    ['rejects', 'replay', '--limit', '--json'],
    ['runs', '--limit', '--json'],
    ['runs', '--nonsense', '--json'],
    ['nonsense', '--json'],
    ['changes', '--since', '--json'],
    ['demo-api', '--api-key', '--json'],
  ]
  const { codes, said, shown, stderr } = await inTurn(wrong.map((args) => ({ args })))
  assert.deepEqual(codes, Array(wrong.length).fill(2), stderr)
  for (const [at, args] of wrong.entries()) {
    if (!args.includes('--json')) {
      assert.equal(shown[at], '', args.join(' '))
      continue
    }
    const { error } = JSON.parse(shown[at]!)
    assert.equal(error.exitCode, 2)
    assert.ok(error.message !== '' && said[at]!.includes(error.message), shown[at])
  }
  assert.doesNotMatch(stderr, /^ +at |Unexpected error/m)
  for (const [at, sentence] of said.entries()) assert.notEqual(sentence, '', wrong[at]!.join(' '))
})

test('a configuration that is wrong or missing ends with 2, names the variable and keeps its secrets', async () => {
  const secret = 'postgres://me:pa55word@127.0.0.1:1/x'
  const turns = [['sync', '--json'], ['sync', '--json', '--log', 'json'], ['status']]
  const { codes, said, shown, stderr } = await inTurn(
    turns.map((args) => ({ args })),
    { DATABASE_URL: secret },
  )
  assert.deepEqual(codes, [2, 2, 2])
  assert.deepEqual(JSON.parse(shown[0]!), { error: { message: said[0]!.trimEnd(), exitCode: 2 } })
  assert.match(said[0]!, /^API_BASE_URL: /)
  assert.equal(JSON.parse(shown[1]!).error.exitCode, 2)
  assert.doesNotMatch(stderr + shown.join(), /pa55word/)
  const noKey = await run(['sync'], { files: { '.env': 'API_BASE_URL=https://auctionsapi.com/api\n' } })
  assert.equal(noKey.code, 2)
  assert.match(noKey.stderr, /^API_KEY: /)
})

test('carsync.config.ts is read, and what is wrong in it is said', async () => {
  const config = (text: string) => run(['sync'], { files: { 'carsync.config.ts': text } })
  assert.match((await config('export default { nonsense: 1 }')).stderr, /there is no setting "nonsense"/)
  assert.match((await config('export const x = 1')).stderr, /^carsync\.config\.ts: wanted `export default/)
  assert.match((await config("export default { apiBaseUrl: 'https://auctionsapi.com/api' }")).stderr, /^API_KEY: /)
})

test('the environment beats .env', async () => {
  const { stderr } = await run(['sync'], {
    env: { API_BASE_URL: 'https://one.example/api' },
    files: { '.env': 'API_BASE_URL=https://two.example/api\n' },
  })
  assert.match(stderr, /API at one\.example/)
})

test('an empty variable hides nothing that .env says', async () => {
  const { code, stderr } = await run(['sync'], {
    env: { API_BASE_URL: '', DATABASE_URL: ' ' },
    files: { '.env': 'API_BASE_URL=https://two.example/api\nDATABASE_URL=postgres://x/y\n' },
  })
  assert.equal(code, 2)
  assert.match(stderr, /API at two\.example/)
})

test('looking where nothing was synced makes nothing', async () => {
  const { codes, shown, stderr } = await inTurn([{ args: ['status', '--json'] }, { args: ['runs'] }])
  assert.deepEqual([codes[0], shown[0]], [0, 'null\n'], stderr)
  assert.match(shown[1]!, /^There has been no sync of demo yet\./)
})

test('the demo says so first, and at its end how to sync the real source', async () => {
  const env = { CARSYNC_DEMO_CARS: '300' }
  const shown = await run([], { env, script: 'scripts/sync-cars.ts', placed: true })
  assert.equal(shown.code, 0, shown.stderr)
  assert.match(shown.stdout, /^Demo: no API_BASE_URL and no DATABASE_URL is set/)
  assert.match(shown.stdout, /Cars seen +300\n[\s\S]*API_BASE_URL=https:/)
})

test('--log json is one object a line on stderr and nothing else there, from the first word to an error', async (t) => {
  const env = { CARSYNC_DEMO_CARS: '300' }
  const read = (stderr: string) =>
    stderr
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as { event: string; summary?: object; exitCode?: number })
  const { code, stdout, stderr } = await run(['sync', '--log', 'json', '--json'], { env, placed: true })
  assert.equal(code, 0, stderr)
  const events = read(stderr).map(({ event }) => event)
  assert.equal(events[0], 'message')
  for (const event of ['stage', 'run.started', 'run.planned', 'run.progress']) assert.ok(events.includes(event), event)
  assert.deepEqual(
    events.filter((event) => event === 'run.finished'),
    ['run.finished'],
  )
  assert.deepEqual(read(stderr).at(-1)!.summary, JSON.parse(stdout))
  assert.equal(stdout.split('\n').length, 2)
  const { status, source, cars } = JSON.parse(stdout)
  assert.deepEqual([status, source, cars.seen], ['complete', 'demo', 300])
  const more = await inTurn([
    { args: ['sync', '--log', 'json', '--json', '--dry-run'], env: await real(t, { cars: 300 }) },
    { args: ['sync', '--log', 'json'], env: { API_BASE_URL: 'nonsense', API_KEY: '', DATABASE_URL: '' } },
  ])
  assert.deepEqual(more.codes, [0, 2], more.stderr)
  const [dry, wrong] = more.said.map(read)
  assert.deepEqual(dry!.filter(({ event }) => event === 'run.finished').length, 1)
  assert.deepEqual(
    wrong!.map(({ event, exitCode }) => [event, exitCode]),
    [['error', 2]],
  )
})

/** A source and a database that are configured, which is quicker than the demo's. */
const real = async (t: TestContext, options: Parameters<typeof startDemoApi>[0]) => {
  const [api, DATABASE_URL] = await Promise.all([startDemoApi(options), newMigratedUrl()])
  t.after(() => api.close())
  return { API_BASE_URL: api.url, API_KEY: 'k', DATABASE_URL }
}

test('an interrupt ends cleanly with 3, at whatever stage, and stdout is one object', async (t) => {
  const demo = { env: { CARSYNC_DEMO_LATENCY_MS: '200' }, placed: true }
  for (const interruptAt of ['opening', 'asking', 'Planned']) {
    // The embedded database takes a while to be opened: it is met in the middle of that.
    const where =
      interruptAt === 'opening' ? demo : { env: await real(t, { cars: 5000, maxPageSize: 50, latencyMs: 200 }) }
    const { code, stdout, stderr } = await run(['sync', '--json', '--verbose'], { ...where, interruptAt })
    assert.equal(code, 3, `at ${interruptAt}: ${stderr}`)
    assert.match(stderr, /Stopping(: committing what is in hand)?; Ctrl-C again stops at once/)
    assert.match(stderr, /Incomplete after /)
    assert.doesNotMatch(stderr, /^ +at /m)
    assert.equal(stdout.split('\n').length, 2)
    assert.equal(JSON.parse(stdout).status, 'incomplete')
  }
})

test('migrate --print needs no database', async () => {
  const { code, stdout } = await run(['migrate', '--print'])
  assert.equal(code, 0)
  assert.match(stdout, /create table/i)
})

test('migrate --print heeds the schema that is set, whatever else is set or not', async () => {
  const print = ['migrate', '--print']
  const { shown, stderr } = await inTurn([
    { args: print },
    { args: print, env: { CARSYNC_SCHEMA: 'cardata' } },
    { args: print, env: { DATABASE_URL: 'postgres://127.0.0.1:1/x' } },
    { args: [...print, '--demo'] },
  ])
  assert.deepEqual(
    shown.map((script) => /^set local search_path = (.*);$/m.exec(script)?.[1]),
    ['"public"', '"cardata"', '"cardata"', '"public"'],
    stderr,
  )
})
