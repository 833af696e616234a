import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type Control, controlByPath, createControl } from './control.ts'
import { isDeadPage, pickFault } from './faults.ts'
import { createGate } from './gate.ts'
import { createPageBuffers } from './page-buffers.ts'
import { randomStream } from './random.ts'
import { respond } from './respond.ts'
import { sendBroken, sendWhole } from './send.ts'
import type { DemoSettings } from './settings.ts'
import { emptyStats, pageKey, tally } from './stats.ts'
import { createStock } from './stock.ts'

/** Where the server's time comes from, for tests that own it. */
export type Clock = () => number

const loopback = new Set(['127.0.0.1', '::1', '::ffff:127.0.0.1'])

/** The address of the page before this one, or after the first. */
function besides(url: URL, page: number): URL {
  const other = new URL(url)
  other.searchParams.set('page', String(page > 1 ? page - 1 : 2))
  return other
}

/** An HTTP server that is not listening yet, and its controls. */
export function createDemoServer(
  settings: DemoSettings,
  clock: Clock = Date.now,
): { server: Server; control: Control } {
  let offset = settings.clockAt === undefined ? 0 : settings.clockAt - clock()
  const now = () => clock() + offset
  const stock = createStock(settings, now())
  const stats = emptyStats()
  const control = createControl(
    stock,
    stats,
    {
      now,
      advance: (ms) => {
        offset += ms
      },
    },
    settings,
  )
  const gate = createGate(settings)
  const buffers = createPageBuffers(8)
  const random = randomStream(settings.seed + 77)

  const begin = (url: URL, response: ServerResponse) => {
    stats.requests++
    stats.inFlight++
    stats.inFlightPeak = Math.max(stats.inFlightPeak, stats.inFlight)
    if (settings.trackPages) tally(stats.pages, pageKey(url))
    response.once('close', () => {
      stats.inFlight--
    })
    stock.age(now())
    response.setHeader('date', new Date(now()).toUTCString())
  }

  const answer = (url: URL, request: IncomingMessage, response: ServerResponse, headers: Record<string, string>) => {
    if (response.destroyed) return
    const { faults } = settings
    const found = respond(url, stock, settings, now(), buffers)
    const { page } = found
    const dead = page !== null && isDeadPage(faults, page, found.filtered)
    const picked = pickFault(faults, random())
    const fault = dead ? 'status500' : picked === 'wrongPage' && page === null ? null : picked
    if (fault !== null) {
      tally(stats.faults, dead ? 'deadPage' : fault)
      const sent = fault === 'wrongPage' ? respond(besides(url, page ?? 1), stock, settings, now(), buffers) : found
      sendBroken(response, { status: sent.status, headers, body: sent.body }, fault, {
        dripMs: faults.dripMs ?? 5000,
        location: `${faults.redirectTo ?? 'http://elsewhere.invalid/api'}${url.pathname.slice(4)}${url.search}`,
      })
      return
    }
    const reply = { status: found.status, headers, body: found.body }
    const zip = settings.gzip && String(request.headers['accept-encoding'] ?? '').includes('gzip')
    void sendWhole(response, reply, zip, () => {
      stats.records += found.records
      buffers.give(found.body)
    })
  }

  const serve = (url: URL, request: IncomingMessage, response: ServerResponse) => {
    begin(url, response)
    response.once('finish', () => tally(stats.byStatus, String(response.statusCode)))
    const verdict = gate.check(request.headers['x-api-key']?.toString(), clock(), now())
    if (verdict.admitted) response.once('close', () => gate.leave())
    if (verdict.refusal !== null) {
      const { status, message } = verdict.refusal
      void sendWhole(
        response,
        { status, headers: verdict.headers, body: Buffer.from(JSON.stringify({ message })) },
        false,
        () => {},
      )
      return
    }
    const wait = settings.latencyMs + settings.latencyJitterMs * (settings.latencyJitterMs > 0 ? random() : 0)
    if (wait > 0) setTimeout(answer, wait, url, request, response, verdict.headers)
    else answer(url, request, response, verdict.headers)
  }

  const server = createServer((request, response) => {
    // An address that is none ("//") must not end the server.
    const url = URL.parse(request.url ?? '/', 'http://demo') ?? new URL('http://demo/')
    if (!url.pathname.startsWith('/_control/')) {
      serve(url, request, response)
      return
    }
    if (!loopback.has(request.socket.remoteAddress ?? '')) {
      response.writeHead(403).end()
      return
    }
    const parts: Buffer[] = []
    request.on('data', (part: Buffer) => parts.push(part))
    request.on('end', () => sendControl(control, request, url.pathname, Buffer.concat(parts).toString(), response))
  })
  // A crawler may pause longer than Node's five seconds; a reset of an idle connection would look like a fault nobody asked for.
  server.keepAliveTimeout = 65_000
  return { server, control }
}

/** A listening server: its address, its controls, and how to end it. */
export type Listening = { url: string; control: Control; close(): Promise<void> }

/** Serves on the host and port of the settings. */
export async function listen(settings: DemoSettings, clock?: Clock): Promise<Listening> {
  const { server, control } = createDemoServer(settings, clock)
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(settings.port, settings.host, resolve)
  })
  const { port } = server.address() as AddressInfo
  const host = settings.host.includes(':') ? `[${settings.host}]` : settings.host
  const close = async () => {
    const closed = new Promise((resolve) => server.close(resolve))
    // Clients keep connections open, and hanging answers never end by themselves.
    server.closeAllConnections()
    await closed
  }
  return { url: `http://${host}:${port}/api`, control, close }
}

function sendControl(
  control: Control,
  request: IncomingMessage,
  path: string,
  body: string,
  response: ServerResponse,
): void {
  const send = (status: number, value: object) => {
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(value))
  }
  try {
    const result = controlByPath(control, request.method ?? 'GET', path, body)
    if (result === null) send(404, { message: `No control ${request.method} ${path}` })
    else send(200, result)
  } catch (error) {
    send(400, { message: `Cannot read the body as JSON: ${error instanceof Error ? error.message : error}` })
  }
}
