/**
 * A stand-in for Supabase, for a page in a browser: REST and Realtime are answered from a database of ours, with the rights of
 * the role `anon`. It knows as much of PostgREST and of Realtime's protocol (Phoenix channels, version 2.0.0) as the page of
 * the example uses, and it tells of a change within a tenth of a second by looking. It is not Supabase.
 */
import type { Page, WebSocketRoute } from 'playwright-core'
import type { Database, Session } from '../../src/store/database.ts'

export type StandIn = {
  /** Cuts all connections of Realtime. */
  cut(): void
  /** How often a channel was joined. */
  joins(): number
  close(): Promise<void>
}

const LOOK_MS = 100
const NAME = /^[a-z_]+$/
const CORS = { 'access-control-allow-origin': '*', 'access-control-allow-headers': '*' }

const asAnon = <T>(db: Database, work: (session: Session) => Promise<T>): Promise<T> =>
  db.transaction(async (session) => {
    await session.query('set local role anon')
    return work(session)
  })

/** `GET /rest/v1/<table>?select=…&order=<column>.desc&limit=…` as SQL. */
const statementOf = (url: URL): string => {
  const table = url.pathname.split('/').at(-1)!
  const columns = (url.searchParams.get('select') ?? '*').split(',')
  const [by, way] = (url.searchParams.get('order') ?? '').split('.')
  const limit = Number(url.searchParams.get('limit') ?? 1000)
  for (const name of [table, ...columns, by ?? '', way ?? ''])
    if (name !== '' && name !== '*' && !NAME.test(name)) throw new Error(`The stand-in does not know ${name}`)
  const order = by ? `order by ${by} ${way ?? 'asc'}` : ''
  return `select coalesce(json_agg(r), '[]')::text as rows from (select ${columns.join(', ')} from ${table} ${order} limit ${limit}) r`
}

type Answer = { status: number; body: string }

const answer = async (db: Database, url: URL): Promise<Answer> => {
  const statement = statementOf(url)
  try {
    const [row] = await asAnon(db, (session) => session.query(statement))
    return { status: 200, body: row!.rows }
  } catch (error) {
    const { code, message } = error as { code?: string; message: string }
    return { status: 401, body: JSON.stringify({ code, message, details: null, hint: null }) }
  }
}

type Message = [joinRef: string | null, ref: string | null, topic: string, event: string, payload: unknown]
type Channel = { socket: WebSocketRoute; joinRef: string | null; topic: string; told: string | null }

/** What is published: sync_progress, as the migration has it. `told` null: what is there when somebody joins is no change. */
const published = (session: Session) =>
  session
    .query(`select to_jsonb(p)::text as record from sync_progress p limit 1`)
    .then(([row]) => row?.record as string)

export const standInForSupabase = async (page: Page, address: string, db: Database): Promise<StandIn> => {
  let channels: Channel[] = []
  let joins = 0

  await page.route(`${address}/rest/v1/**`, async (route) => {
    const isAsked = route.request().method() === 'GET'
    const { status, body } = isAsked ? await answer(db, new URL(route.request().url())) : { status: 204, body: '' }
    await route.fulfill({ status, body, headers: { ...CORS, 'content-type': 'application/json' } })
  })

  await page.routeWebSocket(`${address.replace('http', 'ws')}/realtime/v1/websocket**`, (socket) => {
    socket.onMessage((text) => {
      const [joinRef, ref, topic, event, payload] = JSON.parse(String(text)) as Message
      const send = (name: string, what: unknown, to: string | null = null): void =>
        socket.send(JSON.stringify([joinRef, to, topic, name, what]))
      const reply = (response: unknown): void => send('phx_reply', { status: 'ok', response }, ref)
      if (event === 'heartbeat' || event === 'phx_leave') reply({})
      if (event !== 'phx_join') return
      joins++
      const { config } = payload as { config: { postgres_changes: object[] } }
      reply({ postgres_changes: config.postgres_changes.map((filter, i) => ({ id: i + 1, ...filter })) })
      channels.push({ socket, joinRef, topic, told: null })
      const extension = { extension: 'postgres_changes', status: 'ok', message: 'Subscribed to PostgreSQL' }
      send('system', { ...extension, channel: topic.replace('realtime:', '') })
    })
    socket.onClose(() => {
      channels = channels.filter((channel) => channel.socket !== socket)
    })
  })

  const tell = async (): Promise<void> => {
    if (channels.length === 0) return
    const record = await asAnon(db, published).catch(() => undefined)
    for (const channel of channels) {
      const isNew = channel.told !== null && channel.told !== (record ?? '')
      channel.told = record ?? ''
      if (!isNew || record === undefined) continue
      const row = JSON.parse(record) as Record<string, unknown>
      const columns = Object.keys(row).map((name) => ({ name, type: name === 'segments' ? 'jsonb' : 'text' }))
      const data = {
        schema: 'public',
        table: 'sync_progress',
        type: 'UPDATE',
        commit_timestamp: row.updated_at,
        columns,
      }
      const payload = { ids: [1], data: { ...data, record: row, old_record: {}, errors: null } }
      channel.socket.send(JSON.stringify([channel.joinRef, null, channel.topic, 'postgres_changes', payload]))
    }
  }
  let telling = Promise.resolve()
  const timer = setInterval(() => {
    telling = telling.then(tell)
  }, LOOK_MS)

  return {
    cut: () => {
      for (const { socket } of channels) socket.close({ code: 1011, reason: 'cut' })
      channels = []
    },
    joins: () => joins,
    close: async () => {
      clearInterval(timer)
      await telling
    },
  }
}
