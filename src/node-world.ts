/**
 * The outside world on Node. Requests go through undici's own `request` instead of `fetch`: the `fetch` that Node 24 brings ends
 * the whole process, by an error that nobody can catch, when a source closes its connection while a packed answer is still
 * being unpacked (undici 7; mended in undici 8), and the streams of any `fetch` cost twice the processor time of the page.
 */
import type { Readable } from 'node:stream'
import { pipeline } from 'node:stream'
import { constants, createBrotliDecompress, createGunzip, createInflate } from 'node:zlib'
import { type Answer, type Fetch, realWorld, type World } from './world.ts'

/** As lenient with a last block that is missing as `fetch` is: what is read from the body tells whether it is whole. */
const LENIENT = { flush: constants.Z_SYNC_FLUSH, finishFlush: constants.Z_SYNC_FLUSH }
const UNPACKERS: Readonly<Record<string, () => NodeJS.ReadWriteStream & Readable>> = {
  gzip: () => createGunzip(LENIENT),
  'x-gzip': () => createGunzip(LENIENT),
  deflate: () => createInflate(LENIENT),
  br: () =>
    createBrotliDecompress({
      flush: constants.BROTLI_OPERATION_FLUSH,
      finishFlush: constants.BROTLI_OPERATION_FLUSH,
    }),
}
const ASKED_FOR = 'gzip, deflate, br'

/** The body unpacked, in the reverse order of its codings; as it is where one of them is unknown. */
const unpacked = (body: Readable, encoding: string): Readable => {
  const codings = encoding
    .split(',')
    .map((coding) => coding.trim().toLowerCase())
    .filter((coding) => coding !== '' && coding !== 'identity')
  if (!codings.every((coding) => Object.hasOwn(UNPACKERS, coding))) return body
  // What goes wrong is heard by whoever reads the last of them.
  return codings.reverse().reduce<Readable>((from, coding) => pipeline(from, UNPACKERS[coding]!(), () => {}), body)
}

/** Loaded with the first request. Without HTTP/2: several requests on one connection share its faults. */
const loadFetch = async (): Promise<Fetch> => {
  // Deno has a `fetch` of its own, and the package does not end its answers there.
  if ('Deno' in globalThis) return realWorld.fetch
  const { Agent, request } = await import('undici')
  const dispatcher = new Agent({ allowH2: false })
  return async (url, { method = 'GET', headers, body: posted, signal }): Promise<Answer> => {
    const answer = await request(url, {
      method,
      dispatcher,
      headers: { accept: '*/*', 'accept-encoding': ASKED_FOR, ...headers },
      ...(posted === undefined ? {} : { body: posted }),
      ...(signal === undefined ? {} : { signal }),
    })
    const get = (name: string): string | null => {
      const value = answer.headers[name.toLowerCase()]
      return value === undefined ? null : Array.isArray(value) ? value.join(', ') : value
    }
    return { status: answer.statusCode, headers: { get }, body: unpacked(answer.body, get('content-encoding') ?? '') }
  }
}

let loaded: Promise<Fetch> | null = null

export const nodeWorld: World = {
  ...realWorld,
  fetch: async (url, init) => {
    loaded ??= loadFetch()
    return (await loaded)(url, init)
  },
}
