/**
 * The outside world on Node. Requests go through undici's own `request` instead of `fetch`: the `fetch` that Node 24 brings ends
 * the whole process, by an error that nobody can catch, when a source closes its connection while a packed answer is still
 * being unpacked (undici 7; mended in undici 8), and the streams of any `fetch` cost twice the processor time of the page.
 */
import { createRequire } from 'node:module'
import type { Agent, Dispatcher } from 'undici'
import { type Answer, type Fetch, realWorld, type World } from './world.ts'

type Request = (this: Agent, options: Dispatcher.RequestOptions) => Promise<Dispatcher.ResponseData>

/**
 * Loaded with the first request, and of undici only what is needed: all of it (its `fetch`, caches, mocks) takes twice the time and 14 MB
 * more. Without HTTP/2: several requests on one connection share its faults.
 */
const loadFetch = async (): Promise<Fetch> => {
  // Deno has a `fetch` of its own, and the package does not end its answers there.
  if ('Deno' in globalThis) return realWorld.fetch
  const { PACKINGS, unpacked } = await import('./request/unpacked.ts')
  const require = createRequire(import.meta.url)
  const Agents: typeof Agent = require('undici/lib/dispatcher/agent.js')
  const request: Request = require('undici/lib/api/api-request.js')
  const dispatcher = new Agents({ allowH2: false })
  return async (url, { method = 'GET', headers, body: posted, signal }): Promise<Answer> => {
    const { origin, pathname, search } = new URL(url)
    const answer = await request.call(dispatcher, {
      origin,
      path: `${pathname}${search}`,
      method,
      headers: { accept: '*/*', 'accept-encoding': PACKINGS, ...headers },
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
