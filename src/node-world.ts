/**
 * The outside world on Node. Requests go through undici's own `request` instead of `fetch`: the `fetch` that Node 24 brings ends
 * the whole process, by an error that nobody can catch, when a source closes its connection while a packed answer is still
 * being unpacked (undici 7; mended in undici 8), and the streams of any `fetch` cost twice the processor time of the page.
 */
import { type Answer, type Fetch, realWorld, type World } from './world.ts'

/** Loaded with the first request. Without HTTP/2: several requests on one connection share its faults. */
const loadFetch = async (): Promise<Fetch> => {
  // Deno has a `fetch` of its own, and the package does not end its answers there.
  if ('Deno' in globalThis) return realWorld.fetch
  const [{ Agent, request }, { PACKINGS, unpacked }] = await Promise.all([
    import('undici'),
    import('./request/unpacked.ts'),
  ])
  const dispatcher = new Agent({ allowH2: false })
  return async (url, { method = 'GET', headers, body: posted, signal }): Promise<Answer> => {
    const answer = await request(url, {
      method,
      dispatcher,
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
