/** A store with a few cars, a run and a reject, and a dashboard over it that is asked without a network. */
import { openFeed } from '../../dashboard/feed.ts'
import { metricsText } from '../../dashboard/metrics.ts'
import { type OwnSync, ownSync } from '../../dashboard/own-sync.ts'
import type { PageFile } from '../../dashboard/page-files.ts'
import { type Decide, respondWith } from '../../dashboard/respond.ts'
import { readHealth, realWorld, type Store, storeOver } from '../../src/node.ts'
import { commitPages } from '../../src/store/commit-pages.ts'
import type { Database } from '../../src/store/database.ts'
import { type Begun, batchOf, begin, writeOf } from '../store/fixture.ts'

export const TOKEN = 'the-right-token'
export const ADDRESS = 'http://127.0.0.1:4040'

export type DashboardScene = {
  begun: Begun
  store: Store
  feed: ReturnType<typeof openFeed>
  /** GET of a path with these headers. */
  get(path: string, headers?: Record<string, string>): Promise<Response>
  /** POST of a path; with the right token unless other headers are given. */
  post(path: string, headers?: Record<string, string>): Promise<Response>
}

export const dashboardScene = async (
  db: Database,
  {
    sync = ownSync(null),
    decide = async () => 'nothing',
    files = new Map(),
    wrap = (store) => store,
  }: {
    sync?: OwnSync
    decide?: Decide
    files?: ReadonlyMap<string, PageFile>
    wrap?: (store: Store) => Store
  } = {},
): Promise<DashboardScene> => {
  const begun = await begin(db)
  const { source } = begun
  const store = wrap(storeOver({ ...db, close: async () => {} }, { schema: 'public', source }, realWorld))
  await commitPages(
    db,
    begun.context,
    batchOf(
      1,
      [
        writeOf('1', { make: 'Audi', title: '<img src=x onerror=alert(1)>' }),
        writeOf('2', { make: 'BMW', title: '2020 BMW X5', price: '31000.50' }),
      ],
      {
        rejects: [
          { position: 2, sourceId: null, reason: 'id_missing', path: 'id', payload: `{"a":"${'x'.repeat(30_000)}"}` },
        ],
      },
    ),
  )
  const now = (): number => Date.now()
  const feed = openFeed({
    live: () => store.live(),
    lately: async () => ({
      health: await readHealth(store, 26, now()),
      runs: await store.runs(10),
      held: await store.heldRemovals(),
      coveredUntil: null,
    }),
    here: () => sync.here(),
    now,
  })
  const metrics = async (): Promise<string> =>
    metricsText({ source, now: now(), live: await store.live(), health: [], coveredUntil: null })
  const respond = respondWith({ store, feed, sync, decide, files, token: TOKEN, metrics, now })
  const host = { host: new URL(ADDRESS).host }
  return {
    begun,
    store,
    feed,
    get: (path, headers = {}) => respond(new Request(ADDRESS + path, { headers: { ...host, ...headers } })),
    post: (path, headers = { authorization: `Bearer ${TOKEN}` }) =>
      respond(new Request(ADDRESS + path, { method: 'POST', headers: { ...host, ...headers } })),
  }
}
