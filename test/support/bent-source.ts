/** A demo source whose way of answering is bent. */
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { TestContext } from 'node:test'
import { createDemoServer } from '../../demo/serve.ts'
import { type DemoOptions, settle } from '../../demo/settings.ts'

/** What happens to a request before the demo source sees it; true: it does not see it. */
export type Bend = (request: IncomingMessage, response: ServerResponse) => boolean

/** A demo source that ends with the test. It counts connections, and what is asked for. */
export const bentSource = async (t: TestContext, options: DemoOptions, bend: Bend = () => false) => {
  const { server, control } = createDemoServer(settle({ seed: 3, clockAt: Date.UTC(2026, 9, 1), ...options }))
  const [serve] = server.listeners('request') as [RequestListener]
  const seen = { connections: 0, requests: 0, aborted: 0, asked: [] as URLSearchParams[], encodings: [] as string[] }
  server.on('connection', () => seen.connections++)
  server.removeAllListeners('request')
  server.on('request', (request, response) => {
    seen.requests++
    const query = new URLSearchParams(request.url!.split('?')[1])
    if (query.has('page') && !query.has('simple_paginate') && !query.has('minutes')) {
      seen.asked.push(query)
      response.once('close', () => {
        if (!response.writableFinished) seen.aborted++
        else seen.encodings.push(String(response.getHeader('content-encoding') ?? 'identity'))
      })
    }
    if (!bend(request, response)) serve(request, response)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.after(() => {
    server.closeAllConnections()
    server.close()
  })
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/api`
  return { url, control, seen }
}
