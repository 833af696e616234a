/** A receiver of webhooks on loopback, which verifies what it gets as a stranger would: from the published rules alone. */
import { createHmac, timingSafeEqual } from 'node:crypto'
import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

export const ALERT_SECRET = `whsec_${Buffer.from('a-canary-of-at-least-24-bytes').toString('base64')}`
/** Part of the address, as many services have it. */
export const ALERT_TOKEN = 'canary-t0ken-of-the-hook'

export type Received = { id: string; type: string; kind: string; body: string; verified: boolean; at: number }

export type Webhook = {
  url: string
  host: string
  received: Received[]
  /** Resolves when so many requests have come, those that were refused included. */
  requests(count: number): Promise<void>
  close(): void
}

const verify = (headers: Record<string, unknown>, body: string): boolean => {
  const key = Buffer.from(ALERT_SECRET.slice(6), 'base64')
  const signed = `${headers['webhook-id']}.${headers['webhook-timestamp']}.${body}`
  const expected = createHmac('sha256', key).update(signed).digest()
  const isFresh = Math.abs(Date.now() / 1000 - Number(headers['webhook-timestamp'])) < 300
  return String(headers['webhook-signature'])
    .split(' ')
    .some((each) => {
      const [version, signature] = each.split(',')
      const given = Buffer.from(signature ?? '', 'base64')
      return isFresh && version === 'v1' && given.length === expected.length && timingSafeEqual(given, expected)
    })
}

/** `answer` says what the nth request (from 0) gets; without it 204. */
export const startWebhook = async (
  answer: (response: ServerResponse, nth: number) => void = (response) => response.writeHead(204).end(),
): Promise<Webhook> => {
  const received: Received[] = []
  let waits: { count: number; resolve(): void }[] = []
  const server = createServer((request, response) => {
    let body = ''
    request.setEncoding('utf8').on('data', (text: string) => {
      body += text
    })
    request.on('end', () => {
      const { type, data } = JSON.parse(body)
      const nth = received.length
      received.push({
        id: String(request.headers['webhook-id']),
        type,
        kind: data.kind,
        body,
        verified: request.method === 'POST' && verify(request.headers, body),
        at: Number(request.headers['webhook-timestamp']),
      })
      answer(response, nth)
      for (const { resolve } of waits.filter(({ count }) => received.length >= count)) resolve()
      waits = waits.filter(({ count }) => received.length < count)
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`
  return {
    url: `http://${host}/hooks/${ALERT_TOKEN}?token=${ALERT_TOKEN}`,
    host,
    received,
    requests: (count) =>
      new Promise((resolve) => (received.length >= count ? resolve() : waits.push({ count, resolve }))),
    close: () => {
      server.closeAllConnections()
      server.close()
    },
  }
}
