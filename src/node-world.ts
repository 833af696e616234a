/**
 * The outside world on Node. The `fetch` that Node 24 brings ends the whole process, by an error that nobody can catch, when a
 * source closes its connection while a packed answer is still being unpacked (undici 7; mended in undici 8). So requests go
 * through the package.
 */
import { realWorld, type World } from './world.ts'

/** Loaded with the first request. Without HTTP/2, as Node's own: several requests on one connection share its faults. */
const loadFetch = async (): Promise<typeof fetch> => {
  // Deno has a `fetch` of its own, and the package does not end its answers there.
  if ('Deno' in globalThis) return fetch
  const undici = await import('undici')
  const dispatcher = new undici.Agent({ allowH2: false })
  return ((input: string, init?: object) => undici.fetch(input, { ...init, dispatcher })) as unknown as typeof fetch
}

let loaded: Promise<typeof fetch> | null = null

export const nodeWorld: World = {
  ...realWorld,
  fetch: async (input, init) => {
    loaded ??= loadFetch()
    return (await loaded)(input, init)
  },
}
