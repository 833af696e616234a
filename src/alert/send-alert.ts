/** One attempt to hand an alert to a webhook, signed as Standard Webhooks has it. */
import { createHmac } from 'node:crypto'
import { fetchPage } from '../fetch-page.ts'
import { retryAfterMs } from '../pace/header/limit-headers.ts'
import type { World } from '../world.ts'
import type { AlertTarget } from './alert-target.ts'

/** `at` is the database's clock, ms since 1970: receivers refuse a stamp that is minutes off. */
export type Sending = { id: string; body: string; at: number }

export type Sent = { kind: 'delivered' } | { kind: 'aborted' } | { kind: 'failed'; why: string; askedMs: number | null }

const MAX_ANSWER_BYTES = 1 << 20

/** The headers that a receiver verifies the body by. */
export const signedHeaders = ({ id, body, at }: Sending, key: Uint8Array): Record<string, string> => {
  const timestamp = String(Math.floor(at / 1000))
  const signature = createHmac('sha256', key).update(`${id}.${timestamp}.${body}`).digest('base64')
  return { 'webhook-id': id, 'webhook-timestamp': timestamp, 'webhook-signature': `v1,${signature}` }
}

/** A runtime may put the whole address into what it says of a failure, and a token is often part of it. */
const withoutAddress = (text: string, { url }: AlertTarget): string => {
  const { pathname, search } = new URL(url)
  const parts = [url, `${pathname}${search}`, search, pathname].filter((part) => part.length > 1)
  return parts.reduce((left, part) => left.replaceAll(part, '…'), text).replace(/https?:\/\/[^\s)"']+/g, '…')
}

/** Sends it once; any status of the 200s means that it was taken. What is answered is not read any further. */
export const sendAlert = async (
  target: AlertTarget,
  sending: Sending,
  world: World,
  timeoutMs: number,
  stop: AbortSignal,
): Promise<Sent> => {
  const headers = {
    'content-type': 'application/json',
    'user-agent': 'smart-cars-sync',
    ...signedHeaders(sending, target.key),
  }
  const request = { url: target.url, headers, label: 'the webhook', body: sending.body }
  const answer = await fetchPage(request, world, { timeoutMs, maxBytes: MAX_ANSWER_BYTES, signal: stop })
  if (answer.kind === 'fault')
    return answer.reason === 'aborted'
      ? { kind: 'aborted' }
      : { kind: 'failed', why: withoutAddress(answer.why, target), askedMs: null }
  const { status, headers: said } = answer
  if (status >= 200 && status < 300) return { kind: 'delivered' }
  const hint = status >= 300 && status < 400 ? ', and redirects are not followed' : ''
  return { kind: 'failed', why: `the webhook: got HTTP ${status}${hint}`, askedMs: retryAfterMs(said, world.now()) }
}
