/** `carsync dashboard` and `carsync sync --dashboard` as processes, over the demo and the embedded database, and over a source and Postgres. */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { portFlag } from '../../cli/dashboard.ts'
import type { Now } from '../../dashboard/feed.ts'
import { startDemoApi } from '../../demo/demo-api.ts'
import type { Summary } from '../../src/node.ts'
import { newMigratedUrl } from '../support/databases.ts'
import { placeEmbedded } from '../support/embedded.ts'
import { ownScript } from '../support/own-script.ts'

const carsync = async (t: TestContext, args: string[], more: Record<string, string> = {}) => {
  const cwd = mkdtempSync(join(tmpdir(), 'carsync-page-'))
  if (!more.DATABASE_URL) await placeEmbedded(join(cwd, '.carsync/demo'))
  const child = spawn(process.execPath, [...ownScript('cli/main.ts'), ...args], {
    cwd,
    env: { PATH: process.env.PATH, HOME: cwd, CARSYNC_DEMO_CARS: '500', ...more },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let [stdout, stderr] = ['', '']
  const waits: (() => void)[] = []
  const heard = (): void => {
    for (const look of waits) look()
  }
  child.stdout.setEncoding('utf8').on('data', (text) => {
    stdout += text
    heard()
  })
  child.stderr.setEncoding('utf8').on('data', (text) => {
    stderr += text
    heard()
  })
  const ended = new Promise<number | null>((resolve) => child.once('close', resolve))
  t.after(async () => {
    child.kill('SIGKILL')
    await ended
    rmSync(cwd, { recursive: true, force: true })
  })
  /** What the pattern finds in stdout or stderr, as soon as it is there. */
  const said = (pattern: RegExp): Promise<RegExpExecArray> =>
    new Promise((resolve, reject) => {
      const look = (): void => {
        const found = pattern.exec(stdout) ?? pattern.exec(stderr)
        if (found) resolve(found)
      }
      waits.push(look)
      look()
      void ended.then((code) =>
        reject(new Error(`It ended with ${code} and did not say ${pattern}:\n${stdout}${stderr}`)),
      )
    })
  return { child, ended, said, stdout: () => stdout }
}

/** Reads the live stream until a picture is as wanted. */
const until = async (url: string, wanted: (now: Now) => boolean): Promise<Now> => {
  let text = ''
  const { body } = await fetch(`${url}/api/live`)
  for await (const part of body!.pipeThrough(new TextDecoderStream())) {
    text += part
    const messages = text.split('\n\n')
    text = messages.pop()!
    for (const message of messages) {
      const [, name, data] = /^event: (\w+)\ndata: (.*)$/.exec(message)!
      if (name === 'now' && wanted(JSON.parse(data!))) return JSON.parse(data!)
    }
  }
  throw new Error('The stream ended before that')
}

const post = (url: string, path: string, token: string): Promise<Response> =>
  fetch(url + path, { method: 'POST', headers: { authorization: `Bearer ${token}` } })

test('carsync dashboard --json says address and token, runs a sync that is begun from the page, and ends with an interrupt', async (t) => {
  const { child, ended, said, stdout } = await carsync(t, ['dashboard', '--json', '--port', '0'])
  await said(/\n/)
  const { url, token, ...rest } = JSON.parse(stdout()) as { url: string; token: string }
  assert.deepEqual(rest, {})
  assert.match(url, /^http:\/\/127\.0\.0\.1:\d+$/)
  assert.ok(token.length >= 16)
  assert.equal((await post(url, '/api/start/full', 'wrong')).status, 401)
  assert.equal((await post(url, '/api/start/full', token)).status, 202)
  const { live } = await until(url, ({ live, here }) => live?.status === 'complete' && !here.running)
  assert.deepEqual([live!.cars.inserted, live!.source], [500, 'demo'])
  child.kill('SIGINT')
  assert.equal(await ended, 0)
})

test('carsync sync --dashboard shows the sync that it runs, stops it from the page, and ends as a sync does', async (t) => {
  const api = await startDemoApi({ cars: 20_000, latencyMs: 500 })
  t.after(() => api.close())
  const env = { API_BASE_URL: api.url, API_KEY: 'k', DATABASE_URL: await newMigratedUrl() }
  const { ended, said, stdout } = await carsync(t, ['sync', '--dashboard', '--json', '--max-concurrency', '1'], env)
  const [, url, token] = await said(/Dashboard: (http:\S+) \(token (\S+)\)/)
  const { here } = await until(url!, ({ live }) => live?.status === 'running' && live.cars.seen > 0)
  assert.deepEqual([here.running, here.canStart, here.inFlight !== null], [true, false, true])
  assert.equal((await post(url!, '/api/start/full', token!)).status, 409)
  const ending = until(url!, ({ live }) => live?.status === 'incomplete')
  assert.equal((await post(url!, '/api/stop', token!)).status, 202)
  assert.equal(await ended, 3)
  assert.equal((JSON.parse(stdout()) as Summary).status, 'incomplete', 'stdout is the summary and nothing else')
  assert.equal((await ending).live!.status, 'incomplete', 'whoever watched has seen the end')
})

test('a port that is taken or is none is said in a sentence', async (t) => {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.after(() => server.close())
  const { port } = server.address() as AddressInfo
  const { ended, said } = await carsync(t, ['dashboard', '--port', String(port)], {
    API_BASE_URL: 'http://127.0.0.1:1/api',
    API_KEY: 'k',
    DATABASE_URL: await newMigratedUrl(),
  })
  await said(new RegExp(`--port: wanted a free port; ${port} is taken`))
  assert.equal(await ended, 2)
  assert.equal(portFlag('0'), 0)
  for (const wrong of ['', '-1', '65536', '80a', '1e3']) assert.throws(() => portFlag(wrong), /wanted a port from 1/)
})
