/** From a request to its answer. Everything is read from the store; what changes something wants the token. */
import { Hono } from 'hono'
import { bodyLimit } from 'hono/body-limit'
import { secureHeaders } from 'hono/secure-headers'
import { type Decided, type Decision, messageOf, type Store } from '../src/node.ts'
import { hasToken, refusalOf } from './admit.ts'
import type { Feed } from './feed.ts'
import type { OwnSync } from './own-sync.ts'
import type { PageFile } from './page-files.ts'
import { sharedRead } from './shared-read.ts'

/** What a decision came to; a sentence: why nothing was done. */
export type Decide = (decision: Decision, runId: string) => Promise<Decided | string>

export type RespondParts = {
  store: Pick<Store, 'inventory' | 'recentChanges' | 'carsPage' | 'rejects'>
  feed: Feed
  sync: OwnSync
  decide: Decide
  files: ReadonlyMap<string, PageFile>
  token: string
  /** What Prometheus reads. */
  metrics(): Promise<string>
  now(): number
}

const CARS_A_PAGE = 50
const CHANGES_A_KIND = 25
const REJECTS = 50
/** A payload may be megabytes; the whole of it is in `carsync rejects --json`. */
const SHOWN_OF_PAYLOAD = 20_000
const SHARED_MS = 5000
const METRICS_TYPE = 'text/plain; version=0.0.4; charset=utf-8'

const RUN_ID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/

/** A query parameter; null where it is absent or empty. */
const given = (text: string | undefined): string | null => (text === undefined || text.trim() === '' ? null : text)

/** Answers every request, with a sentence where it is refused. */
export const respondWith = (parts: RespondParts): ((request: Request) => Promise<Response>) => {
  const { store, feed, sync, files, token, now } = parts
  const app = new Hono()

  app.use(
    secureHeaders({
      contentSecurityPolicy: {
        defaultSrc: ["'none'"],
        scriptSrc: ["'self'"],
        styleSrc: ["'self'"],
        imgSrc: ["'self'", 'data:'],
        connectSrc: ["'self'"],
        baseUri: ["'none'"],
        formAction: ["'none'"],
        frameAncestors: ["'none'"],
      },
      referrerPolicy: 'no-referrer',
      xFrameOptions: 'DENY',
      strictTransportSecurity: false,
    }),
  )
  app.use(async (c, next) => {
    const refusal = refusalOf(c.req.raw)
    if (refusal !== null) return c.json({ error: refusal }, 403)
    await next()
    // What is true now may be wrong a second later, and no cache of the browser's should keep cars.
    c.header('cache-control', 'no-store')
  })
  app.onError((error, c) => c.json({ error: messageOf(error) }, 500))
  app.notFound((c) => c.json({ error: `There is no ${c.req.method} ${c.req.path} here.` }, 404))

  const metrics = sharedRead(() => parts.metrics(), SHARED_MS, now, feed.turn)
  app.get('/metrics', async (c) => c.text(await metrics(), 200, { 'content-type': METRICS_TYPE }))

  app.get('/api/live', (c) => c.body(feed.watch(), 200, { 'content-type': 'text/event-stream; charset=utf-8' }))

  const inventory = sharedRead(() => store.inventory(), SHARED_MS, now, feed.turn)
  app.get('/api/inventory', async (c) => c.json(await inventory()))
  const changes = sharedRead(() => store.recentChanges(CHANGES_A_KIND), SHARED_MS, now, feed.turn)
  app.get('/api/changes', async (c) => c.json(await changes()))
  const rejects = sharedRead(() => store.rejects(REJECTS), SHARED_MS, now, feed.turn)
  app.get('/api/rejects', async (c) => {
    const rows = await rejects()
    return c.json(
      rows.map((row) => ({
        ...row,
        payload: row.payload.slice(0, SHOWN_OF_PAYLOAD),
        cut: row.payload.length > SHOWN_OF_PAYLOAD,
      })),
    )
  })
  app.get('/api/cars', async (c) => {
    const { search, make, show, after } = c.req.query()
    return c.json(
      await store.carsPage({
        search: given(search)?.slice(0, 200) ?? null,
        make: given(make),
        show: show === 'removed' ? 'removed' : 'living',
        after: given(after),
        limit: CARS_A_PAGE,
      }),
    )
  })

  app.on(['POST'], '/api/*', bodyLimit({ maxSize: 1000 }), async (c, next) => {
    if (!hasToken(c.req.raw, token))
      return c.json(
        { error: 'Wanted the token that was printed when the dashboard was started; got another or none.' },
        401,
      )
    return next()
  })
  app.post('/api/start/:mode', (c) => {
    const { mode } = c.req.param()
    if (mode !== 'auto' && mode !== 'full' && mode !== 'incremental')
      return c.json({ error: 'Wanted auto, full or incremental as the mode of a sync.' }, 400)
    const why = sync.start(mode)
    return why === null ? c.json({ done: 'The sync begins.' }, 202) : c.json({ error: why }, 409)
  })
  app.post('/api/stop', (c) => {
    const why = sync.stop()
    return why === null
      ? c.json({ done: 'Stopping: what is in hand is committed first.' }, 202)
      : c.json({ error: why }, 409)
  })
  app.post('/api/removals/:run/:decision', async (c) => {
    const { run, decision } = c.req.param()
    if (decision !== 'approve' && decision !== 'discard')
      return c.json({ error: 'Wanted approve or discard as the decision.' }, 400)
    if (!RUN_ID.test(run)) return c.json({ error: 'Wanted the whole id of a run.' }, 400)
    const decided = await parts.decide(decision, run)
    if (typeof decided === 'string') return c.json({ error: decided }, 409)
    await feed.tick()
    return c.json(decided)
  })

  app.get('*', (c) => {
    const file = files.get(c.req.path)
    return file === undefined ? c.notFound() : c.body(file.body, 200, { 'content-type': file.type })
  })

  return async (request) => app.fetch(request)
}
