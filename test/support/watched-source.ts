/** A demo source that tells what is asked of it, as it is asked. */
import type { RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Control } from '../../demo/control.ts'
import { createDemoServer } from '../../demo/serve.ts'
import { type DemoOptions, settle } from '../../demo/settings.ts'

/** A page as it was served, or a total: whatever is no page of the listing. */
export type Asked = { kind: 'page'; key: string } | { kind: 'total' }

export type Watcher = { asked(what: Asked): void; answered(what: Asked): void }

export type WatchedSource = {
  url: string
  /** What can be done to the inventory. */
  control: Control
  /** Who hears of the requests from now on. */
  watch(watcher: Watcher): void
  /** Answers nothing until `resume`; what is asked meanwhile is answered then. */
  pause(): void
  resume(): void
  close(): Promise<void>
}

/** How a page is called whatever order its parameters came in, and though more rows were asked for than are served. */
export const pageKey = (filter: Readonly<Record<string, string>>, pageSize: number, page: number): string => {
  const query = new URLSearchParams(filter)
  query.sort()
  return `${query} ${pageSize} ${page}`
}

const askedBy = (url: string, maxPageSize: number): Asked => {
  const { page, per_page, simple_paginate, ...filter } = Object.fromEntries(new URL(url, 'http://demo').searchParams)
  // The feeds move: their pages are read anew by whoever goes on.
  const isFeed = filter.minutes !== undefined
  if (page === undefined || simple_paginate !== undefined || isFeed) return { kind: 'total' }
  return { kind: 'page', key: pageKey(filter, Math.min(maxPageSize, Number(per_page)), Number(page)) }
}

/** Serves on a free loopback port. */
export const watchedSource = async (options: DemoOptions): Promise<WatchedSource> => {
  const settings = settle(options)
  const { server, control } = createDemoServer(settings)
  const [serve] = server.listeners('request') as [RequestListener]
  let watcher: Watcher | null = null
  let waiting: (() => void)[] | null = null
  server.removeAllListeners('request')
  server.on('request', (request, response) => {
    const [by, what] = [watcher, askedBy(request.url!, settings.maxPageSize)]
    by?.asked(what)
    response.once('finish', () => by?.answered(what))
    if (waiting === null) serve(request, response)
    else waiting.push(() => serve(request, response))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/api`,
    control,
    watch: (next) => {
      watcher = next
    },
    pause: () => {
      waiting ??= []
    },
    resume: () => {
      const late = waiting ?? []
      waiting = null
      for (const answer of late) answer()
    },
    close: async () => {
      const closed = new Promise((resolve) => server.close(resolve))
      server.closeAllConnections()
      await closed
    },
  }
}
