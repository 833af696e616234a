/** An HTTP server on loopback that passes on to a demo inventory what its own limiter lets through. */
import { Agent, createServer, type IncomingMessage, request, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { pipeline } from 'node:stream'
import type { StartedLimiter } from './limiter.ts'

export type Forward = (incoming: IncomingMessage, response: ServerResponse) => void

/** These are about one connection, not about the answer. */
const HOP_BY_HOP = ['connection', 'keep-alive', 'transfer-encoding']

const forwardTo =
  (origin: string, agent: Agent): Forward =>
  (incoming, response) => {
    const headers = { ...incoming.headers }
    for (const name of [...HOP_BY_HOP, 'host']) delete headers[name]
    const outgoing = request(`${origin}${incoming.url}`, { agent, headers }, (answer) => {
      const kept = { ...answer.headers }
      for (const name of HOP_BY_HOP) delete kept[name]
      response.writeHead(answer.statusCode ?? 502, kept)
      pipeline(answer, response, () => {})
    })
    outgoing.once('error', () => {
      if (response.headersSent) response.destroy()
      else response.writeHead(502).end()
    })
    // A client that has gone away must not go on costing the upstream.
    response.once('close', () => outgoing.destroy())
    outgoing.end()
  }

/** `limited` makes the server's listener of the way to pass a request on. Every 429 counts as a refusal. */
export const serveLimited = async (
  upstreamUrl: string,
  limited: (forward: Forward) => (incoming: IncomingMessage, response: ServerResponse) => void,
): Promise<StartedLimiter> => {
  const upstream = new URL(upstreamUrl)
  const agent = new Agent({ keepAlive: true })
  const listener = limited(forwardTo(upstream.origin, agent))
  let refused = 0
  const server = createServer((incoming, response) => {
    response.once('finish', () => {
      if (response.statusCode === 429) refused++
    })
    listener(incoming, response)
  })
  // Longer than any pause of a client: a reset of an idle connection would look like a fault nobody asked for.
  server.keepAliveTimeout = 65_000
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(0, '127.0.0.1', resolve)
  })
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}${upstream.pathname}`,
    refused: () => refused,
    close: async () => {
      const closed = new Promise((resolve) => server.close(resolve))
      server.closeAllConnections()
      await closed
      agent.destroy()
    },
  }
}
