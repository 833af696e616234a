/** The only place that talks to the network. Faults are values: the caller decides what they mean. */
import { Buffer } from 'node:buffer'
import { setImmediate } from 'node:timers/promises'
import { messageOf } from './errors.ts'
import type { Reply, SourceRequest } from './source/source.ts'
import type { Answer, World } from './world.ts'

/** No whole answer came; `cut-off`: it had begun, and broke off or could not be unpacked. Instants in ms since 1970. */
export type Fault = {
  kind: 'fault'
  reason: 'timeout' | 'network' | 'cut-off' | 'too-large' | 'aborted'
  why: string
  sentAt: number
  at: number
}

export type FetchLimits = { timeoutMs: number; maxBytes: number; signal?: AbortSignal }

class TooLarge extends Error {}

/** The body in one piece; throws TooLarge as soon as it is longer than `maxBytes`, whatever its length was said to be. */
const readBody = async (response: Answer, maxBytes: number): Promise<Uint8Array> => {
  if (!response.body) return new Uint8Array(0)
  const said =
    response.headers.get('content-encoding') !== null ? 0 : Number(response.headers.get('content-length') ?? 0)
  let buffer = Buffer.allocUnsafe(said > 0 && said <= maxBytes ? said : 64 * 1024)
  let size = 0
  for await (const chunk of response.body) {
    if (size + chunk.byteLength > maxBytes) throw new TooLarge()
    if (size + chunk.byteLength > buffer.length) {
      const larger = Buffer.allocUnsafe(Math.min(maxBytes, Math.max(buffer.length * 2, size + chunk.byteLength)))
      buffer.copy(larger, 0, 0, size)
      buffer = larger
    }
    buffer.set(chunk, size)
    size += chunk.byteLength
  }
  return buffer.subarray(0, size)
}

/** The innermost cause is the one that tells: "fetch failed" says nothing, "connect ECONNREFUSED" does. */
const rootMessage = (error: unknown): string => {
  let root = error
  for (let depth = 0; depth < 5 && root instanceof Error && root.cause instanceof Error; depth++) root = root.cause
  const code = (root as { code?: unknown } | null)?.code
  return messageOf(root) || (typeof code === 'string' ? code : 'no reason given')
}

/**
 * Sends one request and reads the whole answer, whatever its status: a body that is left unread would hold its connection.
 * A request with a body is a POST.
 * Redirects are not followed: they would carry the key elsewhere. Never rejects.
 */
export const fetchPage = async (
  request: SourceRequest & { body?: string },
  world: World,
  limits: FetchLimits,
): Promise<Reply | Fault> => {
  const sentAt = world.now()
  const timeout = AbortSignal.timeout(limits.timeoutMs)
  const signal = limits.signal ? AbortSignal.any([timeout, limits.signal]) : timeout
  let begun = false
  try {
    const { url, headers, body: posted } = request
    const post = posted === undefined ? {} : { method: 'POST' as const, body: posted }
    const response = await world.fetch(url, { ...post, headers, redirect: 'manual', signal })
    begun = true
    const body = await readBody(response, limits.maxBytes)
    const receivedAt = world.now()
    // The connection is free again a turn of the event loop after its last byte (Deno: two). A request sent at once would
    // open another, and in the end there would be twice as many as are needed.
    for (let turn = 0; turn < 2; turn++) await setImmediate()
    return { kind: 'reply', status: response.status, headers: response.headers, body, sentAt, receivedAt }
  } catch (error) {
    const fault = (reason: Fault['reason'], why: string): Fault => ({
      kind: 'fault',
      reason,
      why: reason === 'aborted' ? why : `${request.label}: ${why}`,
      sentAt,
      at: world.now(),
    })
    if (limits.signal?.aborted) return fault('aborted', 'stopped')
    if (timeout.aborted) return fault('timeout', `no whole answer within ${Math.round(limits.timeoutMs / 1000)} s`)
    if (error instanceof TooLarge)
      return fault('too-large', `the answer is larger than ${Math.round(limits.maxBytes / 1048576)} MB`)
    return fault(begun ? 'cut-off' : 'network', rootMessage(error))
  }
}
