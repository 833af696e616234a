import type { ServerResponse } from 'node:http'
import { promisify } from 'node:util'
import { gzip } from 'node:zlib'
import type { FaultKind } from './faults.ts'

/** An answer ready for the wire. */
export type Reply = { status: number; headers: Record<string, string>; body: Buffer }

const compress = promisify(gzip)
const json = 'application/json'

/** Sends a reply as it should be, compressed if `zip`. Calls `done` when its bytes are no longer needed. */
export async function sendWhole(response: ServerResponse, reply: Reply, zip: boolean, done: () => void): Promise<void> {
  const headers: Record<string, string> = { 'content-type': json, ...reply.headers }
  // Only 'finish' proves that the kernel has the bytes; an aborted answer leaves them to the garbage collector.
  response.once('finish', done)
  if (zip) {
    const body = await compress(reply.body, { level: 1 })
    response.writeHead(reply.status, { ...headers, 'content-encoding': 'gzip', 'content-length': body.length })
    response.end(body)
    return
  }
  response.writeHead(reply.status, { ...headers, 'content-length': reply.body.length })
  response.end(reply.body)
}

function sendText(
  response: ServerResponse,
  status: number,
  type: string,
  body: string | Buffer,
  headers: Record<string, string> = {},
): void {
  response.writeHead(status, { 'content-type': type, 'content-length': Buffer.byteLength(body), ...headers })
  response.end(body)
}

/** What a broken answer needs to know besides: how long a dripping body takes, and where a redirect leads. */
export type Breakage = { dripMs: number; location: string }

/** Sends a reply that is broken in the way asked for. */
export function sendBroken(
  response: ServerResponse,
  reply: Reply,
  kind: FaultKind,
  { dripMs, location }: Breakage,
): void {
  const { status, body } = reply
  const whole = { 'content-type': json, 'content-length': body.length }
  const half = body.subarray(0, Math.ceil(body.length / 2))
  switch (kind) {
    case 'status500':
      sendText(response, 500, json, '{"message":"Server Error"}')
      break
    case 'status503':
      sendText(response, 503, json, '{"message":"Service Unavailable"}')
      break
    case 'status502':
      sendText(response, 502, 'text/html', '<html><body><h1>502 Bad Gateway</h1></body></html>')
      break
    case 'status504':
      sendText(response, 504, 'text/html', '<html><body><h1>504 Gateway Time-out</h1></body></html>')
      break
    case 'status429':
      sendText(response, 429, json, '{"message":"Too Many Attempts."}')
      break
    case 'retryAfter':
      sendText(response, 429, json, '{"message":"Too Many Attempts."}', { 'retry-after': '1' })
      break
    case 'status301':
    case 'status302':
      sendText(response, Number(kind.slice(6)), 'text/html', '<html><body>Moved</body></html>', { location })
      break
    case 'reset':
      response.socket?.resetAndDestroy()
      break
    case 'resetMid':
      response.writeHead(status, whole)
      response.write(half, () => response.socket?.resetAndDestroy())
      break
    case 'truncated':
      sendText(response, status, json, half)
      break
    case 'html':
      sendText(
        response,
        200,
        'text/html; charset=UTF-8',
        '<!DOCTYPE html><html><body><h1>Just a moment…</h1></body></html>',
      )
      break
    case 'errorBody':
      sendText(response, 200, json, '{"message":"Server Error"}')
      break
    case 'errorField':
      sendText(response, 200, json, '{"error":"Something went wrong"}')
      break
    case 'hang':
      break
    case 'hangMid':
      response.writeHead(status, whole)
      response.write(half)
      break
    case 'drip':
      response.writeHead(status, whole)
      drip(response, body, dripMs)
      break
    case 'emptyPage':
      sendText(response, 200, json, '{"data":[]}')
      break
    case 'emptyNext':
      sendText(response, 200, json, '{"data":[],"links":{"next":"http://auctionsapi.com/api/cars?page=2"},"meta":{}}')
      break
    case 'emptyEnd':
      sendText(response, status, json, `{"data":[${endOf(body)}`)
      break
    case 'wrongPage':
      // Nothing is wrong with the bytes: the reply is already that of another page.
      sendText(response, status, json, body)
      break
    case 'badGzip':
      sendText(response, 200, json, Buffer.concat([Buffer.from([0x1f, 0x8b, 8, 0]), half.subarray(0, 4096)]), {
        'content-encoding': 'gzip',
      })
      break
    case 'wrongLength':
      response.writeHead(status, { ...whole, 'content-length': body.length + 10, connection: 'close' })
      // Node closes nothing by itself here: the client would wait for the ten bytes for ever.
      response.write(body, () => response.socket?.end())
      break
    case 'shortLength':
      // The connection goes with it: what is left over would be taken for the next answer.
      response.writeHead(status, { ...whole, 'content-length': half.length, connection: 'close' })
      response.end(body)
      break
  }
}

/** What stands behind the rows of a page, as if they were the last. */
function endOf(body: Buffer): string {
  const at = body.lastIndexOf('],"links":')
  return at < 0 ? ']}' : body.toString('utf8', at).replace(/"next":"[^"]*"/, '"next":null')
}

function drip(response: ServerResponse, body: Buffer, dripMs: number): void {
  const parts = 20
  const size = Math.ceil(body.length / parts)
  let at = 0
  const timer = setInterval(() => {
    const part = body.subarray(at, at + size)
    at += size
    if (at < body.length) {
      response.write(part)
      return
    }
    clearInterval(timer)
    response.end(part)
  }, dripMs / parts)
  response.once('close', () => clearInterval(timer))
}
