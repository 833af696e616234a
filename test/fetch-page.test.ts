import assert from 'node:assert/strict'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { type AddressInfo, createServer as createTcpServer } from 'node:net'
import { after, describe, it } from 'node:test'
import { brotliCompressSync, deflateRawSync, deflateSync, gzipSync } from 'node:zlib'
import { type Fault, type FetchLimits, fetchPage } from '../src/fetch-page.ts'
import { realWorld } from '../src/node.ts'
import type { Reply, SourceRequest } from '../src/source/source.ts'
import type { World } from '../src/world.ts'

const KEY = 'canary-key'

type Answer = (response: ServerResponse, request: IncomingMessage) => void
const answers = new Map<string, Answer>()
const asked: { path: string; key: unknown }[] = []

const server = createServer((request, response) => {
  asked.push({ path: request.url!, key: request.headers['x-api-key'] })
  answers.get(request.url!)?.(response, request)
})
await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
const base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
after(() => {
  server.closeAllConnections()
  server.close()
})

let count = 0

/** Serves this answer at a path of its own. */
const serve = (answer: Answer): SourceRequest => {
  const path = `/${++count}`
  answers.set(path, answer)
  return { url: `${base}${path}`, headers: { 'x-api-key': KEY }, label: `page ${count}` }
}

const get = (
  request: SourceRequest,
  limits: Partial<FetchLimits> = {},
  world: World = realWorld,
): Promise<Reply | Fault> => fetchPage(request, world, { timeoutMs: 60_000, maxBytes: 1 << 20, ...limits })

const replied = (answer: Reply | Fault): Reply => {
  assert.equal(answer.kind, 'reply', JSON.stringify(answer))
  return answer as Reply
}

const faulted = (answer: Reply | Fault, reason: Fault['reason']): Fault => {
  assert.equal(answer.kind, 'fault', 'a whole answer came')
  const fault = answer as Fault
  assert.equal(fault.reason, reason, fault.why)
  assert.ok(!fault.why.includes(KEY) && !fault.why.includes('127.0.0.1/'), fault.why)
  return fault
}

describe('fetchPage', () => {
  it('reads packed answers of a source that closes each connection, and lives on', async () => {
    const text = Array.from({ length: 200_000 }, (_, i) => `${(i * 2_654_435_761) % 2 ** 32}`).join()
    const packed = gzipSync(text, { level: 1 })
    const head = `HTTP/1.1 200 OK\r\nContent-Length: ${packed.length}\r\nContent-Encoding: gzip\r\nConnection: close\r\n\r\n`
    const closing = createTcpServer((socket) => {
      socket.once('data', () => {
        socket.write(head)
        socket.end(packed)
      })
      socket.on('error', () => {})
    })
    await new Promise<void>((resolve) => closing.listen(0, '127.0.0.1', resolve))
    const url = `http://127.0.0.1:${(closing.address() as AddressInfo).port}/`
    for (let i = 0; i < 10; i++) {
      const { body } = replied(
        await get({ url, headers: { 'accept-encoding': 'gzip' }, label: 'page' }, { maxBytes: 8 << 20 }),
      )
      assert.equal(Buffer.from(body).toString(), text)
    }
    closing.close()
  })

  it('answers status, headers and the whole body, with the key sent in its header', async () => {
    const request = serve((response) => {
      response.writeHead(503, { 'retry-after': '7', 'content-type': 'text/plain' })
      response.end('später')
    })
    const { status, headers, body, sentAt, receivedAt } = replied(await get(request))
    assert.equal(status, 503)
    assert.equal(headers.get('retry-after'), '7')
    assert.equal(Buffer.from(body).toString(), 'später')
    assert.ok(sentAt <= receivedAt && Math.abs(receivedAt - Date.now()) < 5000)
    assert.equal(asked.at(-1)!.key, KEY)
  })

  it('takes the time from the world', async () => {
    let now = 100
    const { sentAt, receivedAt } = replied(
      await get(
        serve((response) => response.end()),
        {},
        { ...realWorld, now: () => now++ },
      ),
    )
    assert.deepEqual([sentAt, receivedAt], [100, 101])
  })

  it('reads a body byte by byte right, with and without its length said, and packed', async () => {
    const body = Buffer.from(Array.from({ length: 300_000 }, (_, i) => i % 251))
    const ways: Answer[] = [
      (response) => response.writeHead(200, { 'content-length': body.length }).end(body),
      (response) => {
        for (let at = 0; at < body.length; at += 7001) response.write(body.subarray(at, at + 7001))
        response.end()
      },
      (response) => response.writeHead(200, { 'content-encoding': 'gzip' }).end(gzipSync(body)),
    ]
    for (const way of ways) assert.deepEqual(Buffer.from(replied(await get(serve(way))).body), body)
  })

  it('unpacks every packing it offers, also one within the other, and leaves alone what it does not know', async () => {
    const body = Buffer.from('a page '.repeat(20_000))
    const packings: [encoding: string, sent: Buffer][] = [
      ['br', brotliCompressSync(body)],
      ['deflate', deflateSync(body)],
      ['X-GZIP', gzipSync(body)],
      ['gzip, identity, br', brotliCompressSync(gzipSync(body))],
      ['compress', body],
    ]
    for (const [encoding, sent] of packings) {
      const request = serve((response) => response.writeHead(200, { 'content-encoding': encoding }).end(sent))
      assert.deepEqual(Buffer.from(replied(await get(request)).body), body, encoding)
    }
    const empty = serve((response) => response.writeHead(429, { 'content-encoding': 'gzip' }).end())
    assert.equal(replied(await get(empty)).body.byteLength, 0)
  })

  it('asks for packed pages unless it is told not to', async () => {
    const heard: unknown[] = []
    const echo = serve((response, request) => {
      heard.push(request.headers['accept-encoding'])
      response.end()
    })
    await get(echo)
    await get({ ...echo, headers: { 'accept-encoding': 'identity' } })
    assert.match(String(heard[0]), /gzip/)
    assert.equal(heard[1], 'identity')
  })

  it('can read a source whose deflate is the bare one', async () => {
    const bare = serve((response, request) => {
      if (!String(request.headers['accept-encoding']).includes('deflate')) response.end('a page')
      else response.writeHead(200, { 'content-encoding': 'deflate' }).end(deflateRawSync('a page'))
    })
    assert.equal(Buffer.from(replied(await get(bare)).body).toString(), 'a page')
  })

  it('answers an empty body', async () => {
    for (const status of [200, 204])
      assert.equal(replied(await get(serve((response) => response.writeHead(status).end()))).body.byteLength, 0)
  })

  it('does not follow a redirect, which would carry the key elsewhere', async () => {
    const elsewhere = serve((response) => response.end('got you'))
    const { status } = replied(
      await get(serve((response) => response.writeHead(302, { location: elsewhere.url }).end())),
    )
    assert.equal(status, 302)
    assert.ok(!asked.some(({ path }) => elsewhere.url.endsWith(path)), 'nobody asked there')
  })

  it('gives up a silent source after the time limit, and its connection too', async () => {
    const closed = Promise.withResolvers<void>()
    const request = serve((response) => response.once('close', closed.resolve))
    const fault = faulted(await get(request, { timeoutMs: 100 }), 'timeout')
    assert.match(fault.why, /^page \d+: no whole answer within/)
    // Who is not given up keeps this test from its end.
    await closed.promise
  })

  it('gives up a source that goes silent within the body', async () => {
    const request = serve((response) => {
      response.writeHead(200, { 'content-length': 1000 })
      response.write('{"data":[')
    })
    faulted(await get(request, { timeoutMs: 100 }), 'timeout')
  })

  it('does not keep what is larger than it may be, whatever its length was said to be', async () => {
    const endless: Answer = (response) => {
      const more = (): void => {
        while (!response.destroyed && response.write(Buffer.alloc(64 * 1024)));
        if (!response.destroyed) response.once('drain', more)
      }
      more()
    }
    const said: Answer = (response) => {
      response.on('error', () => {})
      response.writeHead(200, { 'content-length': 3 << 20 }).end(Buffer.alloc(3 << 20))
    }
    const packed: Answer = (response) =>
      response.writeHead(200, { 'content-encoding': 'gzip' }).end(gzipSync(Buffer.alloc(8 << 20)))
    for (const answer of [endless, said, packed])
      assert.match(faulted(await get(serve(answer)), 'too-large').why, /^page \d+: the answer is larger than 1 MB$/)
  })

  it('gives up a source that drips: the time limit is that of the whole answer', async () => {
    const request = serve((response) => {
      response.writeHead(200)
      const drip = setInterval(() => response.write(' '), 20)
      response.once('close', () => clearInterval(drip))
    })
    faulted(await get(request, { timeoutMs: 300 }), 'timeout')
  })

  it('reads no endless headers', async () => {
    const flood = Object.fromEntries(Array.from({ length: 50 }, (_, i) => [`x-${i}`, 'y'.repeat(1000)]))
    const request = serve((response) => response.writeHead(200, flood).end('{}'))
    assert.match(faulted(await get(request), 'network').why, /header/i)
  })

  it('takes what is just as large as it may be', async () => {
    for (const headers of [{ 'content-length': 5000 }, {}]) {
      const request = serve((response) => response.writeHead(200, headers).end(Buffer.alloc(5000, 'x')))
      assert.equal(replied(await get(request, { maxBytes: 5000 })).body.byteLength, 5000)
      faulted(await get(request, { maxBytes: 4999 }), 'too-large')
    }
  })

  it('tells a connection that is cut within the body from one that never was, and takes no half page', async () => {
    const request = serve((response) => {
      response.writeHead(200, { 'content-length': 1000 })
      response.write('{"data":[]}')
      setTimeout(() => response.destroy(), 10)
    })
    faulted(await get(request), 'cut-off')
    const chunked = serve((response) => {
      response.write('{"data":[]}')
      setTimeout(() => response.destroy(), 10)
    })
    faulted(await get(chunked), 'cut-off')
  })

  it('tells the root of a connection that fails', async () => {
    const request = { url: 'http://127.0.0.1:1/', headers: {}, label: 'page 9' }
    assert.match(faulted(await get(request), 'network').why, /^page 9: .*ECONNREFUSED|bad port/)
  })

  it('tells a packed body that is broken', async () => {
    const request = serve((response) => response.writeHead(200, { 'content-encoding': 'gzip' }).end('this is no gzip'))
    faulted(await get(request), 'cut-off')
  })

  it('tells a connection that is cut before the answer', async () => {
    faulted(await get(serve((response) => response.destroy())), 'network')
  })

  it('uses as many connections as there are requests at once, whatever the answers are', async () => {
    const statuses = [200, 429, 500, 302, 404]
    let connections = 0
    let turn = 0
    const own = createServer((_, response) => {
      response.writeHead(statuses[turn++ % statuses.length]!).end('x'.repeat(turn % 2 === 0 ? 0 : 100_000))
    })
    own.on('connection', () => connections++)
    await new Promise<void>((resolve) => own.listen(0, '127.0.0.1', resolve))
    const url = `http://127.0.0.1:${(own.address() as AddressInfo).port}/`
    const workers = Array.from({ length: 4 }, async () => {
      for (let i = 0; i < 25; i++) replied(await get({ url, headers: {}, label: 'page 1' }))
    })
    await Promise.all(workers)
    own.closeAllConnections()
    own.close()
    assert.equal(turn, 100)
    assert.equal(connections, 4)
  })

  it('leaves no body unread: what is too large or stopped is taken back from the server', async () => {
    const stopping = new AbortController()
    const closed = [0, 1].map(() => Promise.withResolvers<void>())
    const endless =
      (which: number): Answer =>
      (response) => {
        response.on('close', closed[which]!.resolve)
        response.write(Buffer.alloc(64 * 1024))
        if (which === 1) stopping.abort()
      }
    faulted(await get(serve(endless(0)), { maxBytes: 1000 }), 'too-large')
    faulted(await get(serve(endless(1)), { signal: stopping.signal }), 'aborted')
    await Promise.all(closed.map(({ promise }) => promise))
  })

  it('ends at once when it is stopped, before or within the answer', async () => {
    const stopping = new AbortController()
    const request = serve((response) => {
      response.write('{')
      setTimeout(() => stopping.abort(), 10)
    })
    assert.equal(faulted(await get(request, { signal: stopping.signal }), 'aborted').why, 'stopped')
    const never = serve((response) => response.end())
    faulted(await get(never, { signal: stopping.signal }), 'aborted')
    assert.ok(!asked.some(({ path }) => never.url.endsWith(path)))
  })

  it('never rejects, whatever is thrown', async () => {
    for (const thrown of [
      new Error('', { cause: new Error('inner') }),
      'text',
      undefined,
      Object.assign(new Error(''), { code: 'EODD' }),
    ]) {
      const world: World = { ...realWorld, fetch: () => Promise.reject(thrown) }
      faulted(await get({ url: base, headers: {}, label: 'page 1' }, {}, world), 'network')
    }
    const odd: World = { ...realWorld, fetch: () => Promise.reject(Object.assign(new Error(''), { code: 'EODD' })) }
    assert.equal(
      faulted(await get({ url: base, headers: {}, label: 'page 1' }, {}, odd), 'network').why,
      'page 1: EODD',
    )
  })
})
