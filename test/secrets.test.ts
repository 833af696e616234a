/** A source that throws the key back in everything it says, and whatever the commands leave behind, searched for it. */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import { startDemoApi } from '../demo/demo-api.ts'
import { openDatabase } from '../src/node.ts'
import { newPostgresUrl } from './support/databases.ts'
import { placeEmbedded } from './support/embedded.ts'
import { ownScript } from './support/own-script.ts'
import { tablesWith } from './support/stored.ts'
import { endedIn, IN_TURN, inTurns, type Turn } from './support/turns.ts'
import { ALERT_SECRET, ALERT_TOKEN, startWebhook } from './support/webhook.ts'

const KEY = 'canary-4f/9a+c27e1'
const PASSWORD = 'canary-p4ssw0rd-77'
/** As they are, as addresses and JSON may write them, and as credentials. */
const CANARIES = [
  KEY,
  encodeURIComponent(KEY),
  KEY.replaceAll('/', '\\/'),
  Buffer.from(KEY).toString('base64'),
  PASSWORD,
  // Any half of it.
  'p4ssw0rd',
  ALERT_TOKEN,
  ALERT_SECRET.slice('whsec_'.length),
  Buffer.from(ALERT_SECRET.slice('whsec_'.length), 'base64').toString(),
]

/** The demo inventory with the key in records, members, links, headers and errors; every seventh answer is a fault. */
const tactless = async (t: TestContext): Promise<string> => {
  const api = await startDemoApi({ cars: 600, seed: 5, dirty: 0.2, maxPageSize: 50 })
  let answers = 0
  const echo = createServer(async (request, response) => {
    const said = {
      'content-type': `application/json; key=${KEY}`,
      'x-key': KEY,
      'set-cookie': `key=${KEY}`,
      // Limiters name a limit by whom it is for.
      ratelimit: `"${KEY}";r=500;t=1`,
      'ratelimit-policy': `"${KEY}";q=1000;w=2`,
    }
    const fault = answers++ % 7
    if (fault === 3) {
      const status = [500, 429, 503, 404 + 100][(answers >> 3) % 4]!
      response.writeHead(status, `No, ${encodeURIComponent(KEY)}`, said)
      return response.end(JSON.stringify({ message: `Wrong key ${KEY}`, errors: { [KEY]: [KEY] } }))
    }
    const answer = await fetch(`${api.url.replace('/api', '')}${request.url}`, { headers: { 'x-api-key': 'demo' } })
    const text = (await answer.text())
      .replaceAll('"title":"', `"title":"${KEY} `)
      .replaceAll('"vin":', `"${KEY}":${JSON.stringify(KEY)},"vin":`)
      .replaceAll('page=', `api_key=${encodeURIComponent(KEY)}&page=`)
    response.writeHead(answer.status, said)
    response.end(fault === 5 ? text.slice(0, text.length >> 1) : text)
  })
  await new Promise<void>((resolve) => echo.listen(0, '127.0.0.1', resolve))
  t.after(() => {
    echo.closeAllConnections()
    echo.close()
    return api.close()
  })
  return `http://127.0.0.1:${(echo.address() as AddressInfo).port}/api`
}

type Said = { code: number | null; said: string }

const carsync = (cwd: string, env: Record<string, string>, args: string[], script = 'cli/main.ts'): Promise<Said> =>
  new Promise((resolve) => {
    const own = { PATH: process.env.PATH, HOME: cwd }
    const child = spawn(process.execPath, [...ownScript(script), ...args], { cwd, env: { ...own, ...env } })
    let said = ''
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding('utf8').on('data', (text: string) => {
        said += text
      })
    child.on('close', (code) => resolve({ code, said }))
  })

const filesIn = (folder: string): string[] =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))

/** Files under the folder that hold a canary. */
const filesWith = (folder: string): string[] =>
  filesIn(folder).filter((file) => {
    const bytes = readFileSync(file)
    return CANARIES.some((canary) => bytes.includes(canary))
  })

const COMMANDS = [
  ['sync', '--verbose', '--page-size', '50'],
  ['sync', '--json', '--full', '--no-raw'],
  ['sync', '--full', '--log', 'json'],
  ['sync', '--dry-run'],
  ['status'],
  ['status', '--json'],
  ['runs', '--json'],
  ['rejects', '--json', '--limit', '1000'],
  ['rejects', 'replay'],
  ['removals', '--json'],
  ['changes', '--json'],
  ['alerts', '--json'],
  ['doctor', '--json'],
]

/** What writes to the embedded database, and what says where it is: the others say the same of either kind. */
const EMBEDDED: typeof COMMANDS = [
  ['sync', '--verbose', '--page-size', '50'],
  ['rejects', 'replay'],
  ['doctor', '--json'],
]

describe('a key and a password', { concurrency: true }, () => {
  for (const kind of ['postgres', 'embedded'] as const)
    it(`are in nothing that the commands say or leave behind (${kind})`, async (t) => {
      const cwd = mkdtempSync(join(tmpdir(), 'carsync-secrets-'))
      t.after(() => rmSync(cwd, { recursive: true, force: true }))
      const apiUrl = await tactless(t)
      // Every second time it is told something it fails, and says its own address.
      const webhook = await startWebhook((response, nth) =>
        nth % 2 === 0
          ? response.writeHead(307, { location: webhook.url }).end(webhook.url)
          : response.writeHead(204).end(),
      )
      t.after(webhook.close)
      const env: Record<string, string> = {
        API_BASE_URL: apiUrl,
        API_KEY: KEY,
        CARSYNC_LEASE_SECONDS: '5',
        CARSYNC_ALERT_URL: webhook.url,
        CARSYNC_ALERT_SECRET: ALERT_SECRET,
      }
      let databaseUrl: string | null = null
      if (kind === 'postgres') {
        const url = new URL(await newPostgresUrl())
        // The cluster of the tests lets everybody in.
        url.password = PASSWORD
        databaseUrl = env.DATABASE_URL = url.href
      } else await placeEmbedded(join(cwd, '.carsync', 'db'))
      const said: string[] = []
      // Each in a process of its own on one database; there are too many for that on the other.
      if (kind === 'embedded')
        for (const args of EMBEDDED) {
          const answer = await carsync(cwd, env, args)
          assert.equal(answer.code, 0, `${args.join(' ')}: ${answer.said}`)
          said.push(answer.said)
        }
      else {
        const turns = COMMANDS.map((args) => ({ args }))
        const answer = await carsync(cwd, { ...env, ...inTurns(turns) }, [], IN_TURN)
        assert.deepEqual(endedIn(answer.said).codes, Array(COMMANDS.length).fill(0), answer.said)
        said.push(answer.said)
      }
      if (databaseUrl !== null) {
        const nowhere = databaseUrl.replace(/\/t\d+_\d+/, '/no_such_database')
        const closed = databaseUrl.replace(/:\d+\//, ':1/')
        const bad = [
          nowhere,
          closed,
          databaseUrl.replace('postgres', 'mysql'),
          // Signs that somebody forgot to write as codes: the rest must not be taken for a host or a database.
          ...['@', '/', '?', '#', ':', '%', '@/', ':@', '5/', '@5/x'].map((sign) =>
            databaseUrl!.replace(PASSWORD, `${sign}${PASSWORD}${sign}`).replace(/:\d+\//, ':1/'),
          ),
          `${databaseUrl}?sslmode=perhaps`,
        ].map((DATABASE_URL) => ({ DATABASE_URL }))
        const wrong = (
          [
            ['CARSYNC_ALERT_URL', `ftp://h/${ALERT_TOKEN}`],
            ['CARSYNC_ALERT_URL', `https://me:${ALERT_TOKEN}@h/`],
            ['CARSYNC_ALERT_SECRET', `whsec-${ALERT_SECRET.slice(6)}`],
            ['CARSYNC_ALERT_SECRET', ''],
            ['CARSYNC_ALERT_URL', ''],
          ] as const
        ).map(([name, value]) => ({ ...env, [name]: value }))
        const turns: Turn[] = [...bad, ...wrong].map((each) => ({ args: ['status', '--verbose'], env: each }))
        const answer = await carsync(cwd, { ...env, ...inTurns(turns) }, [], IN_TURN)
        const { codes } = endedIn(answer.said)
        assert.equal(codes.length, bad.length + wrong.length, answer.said)
        assert.ok(
          codes.slice(0, bad.length).every((code) => code !== 0),
          answer.said,
        )
        assert.ok(
          codes.slice(bad.length).every((code) => code === 2),
          answer.said,
        )
        said.push(answer.said)
      }
      assert.ok(webhook.received.length > 1 && webhook.received.every(({ verified }) => verified))
      const all = said.join('\n')
      assert.ok(all.length > 1000, all)
      for (const canary of CANARIES)
        assert.ok(!all.includes(canary), all.slice(Math.max(0, all.indexOf(canary) - 200)).slice(0, 400))
      assert.deepEqual(filesWith(cwd), [])

      const db = await openDatabase({ databaseUrl }, { embeddedFolder: join(cwd, '.carsync', 'db') })
      t.after(() => db.close())
      const [stored] = await db.query(
        `select count(*)::int as n, count(*) filter (where title like '****%')::int as struck from cars`,
      )
      assert.ok(stored!.n > 400 && stored!.struck > 400, JSON.stringify(stored))
      for (const canary of CANARIES) assert.deepEqual(await tablesWith(db, canary), [])
      await db.query(`insert into carsync.settings (name, value) values ('planted', $1)`, [KEY])
      assert.deepEqual(await tablesWith(db, KEY), ['carsync.settings'], 'the search would have found it')
    })
})
