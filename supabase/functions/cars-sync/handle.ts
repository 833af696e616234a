/** Answers a call: who may, what is asked, and what is done about it. */
import {
  ConfigError,
  type Due,
  explained,
  isExplained,
  messageOf,
  readHealth,
  realWorld,
  type Store,
} from '../../../src/mod.ts'
import { knowsSecret } from './authenticate.ts'
import { corsHeaders } from './cors.ts'
import { type Call, readCall } from './read-call.ts'
import type { Slice } from './run-slice.ts'
import type { FunctionSettings } from './settings.ts'

export type Parts = {
  /** Throws ConfigError. */
  settings(): FunctionSettings
  /** For what is answered at once: it waits for the database a moment only. Throws SyncError where that cannot be used. */
  store(): Promise<Store>
  /** Runs a slice of what is due, which goes on after the answer. `null`: this worker is at the end of its life. */
  begin(due: Due): Promise<Slice | null>
  log(line: string): void
}

type Answer = { status: number; body: unknown }

const tick = async ({ store: opened, begin }: Parts): Promise<Answer> => {
  const store = await opened()
  const due = await store.due()
  if (due === null) return { status: 200, body: { status: 'idle', reason: 'nothing is due' } }
  const slice = await begin(due)
  if (slice === null)
    return { status: 503, body: { status: 'retired', reason: 'this worker is at the end of its life' } }
  if (slice.kind === 'idle')
    return { status: 200, body: { status: 'idle', reason: 'somebody else has done what was due' } }
  if (slice.kind === 'busy') return { status: 200, body: { status: 'busy', lease: slice.lease } }
  const { runId, mode, resumed } = slice
  return { status: 202, body: { status: 'started', runId, mode, resumed, reason: due.reason } }
}

const statusOf = async ({ settings, store: opened }: Parts): Promise<Answer> => {
  const store = await opened()
  const report = await store.report()
  const health = await readHealth(store, settings().options.staleHours, realWorld.now())
  return { status: 200, body: report && { ...report, health } }
}

const answerTo = async (call: Call, parts: Parts): Promise<Answer> => {
  switch (call.kind) {
    case 'bad':
      return { status: call.status, body: { error: call.why } }
    case 'status':
      return statusOf(parts)
    case 'tick':
      return tick(parts)
    case 'start':
      await (await parts.store()).placeOrder(call.order)
      return tick(parts)
    case 'stop':
      await (await parts.store()).stopOrders()
      // A run that nobody is at has nobody to end it. Should that fail, cron has it ended.
      await tick(parts).catch((error: unknown) => parts.log(`The run cannot be ended now: ${messageOf(error)}`))
      return {
        status: 200,
        body: {
          status: 'stopped',
          reason: 'a run that is on ends within seconds; nothing is due until the next start',
        },
      }
  }
}

/** What is wrong here is no caller's fault; it is said, for callers know the secret. */
const failureOf = (error: unknown): Answer => {
  const known = isExplained(error)
  const { message } = explained(error)
  return { status: known ? 503 : 500, body: { error: known ? message : `Unexpected: ${message}` } }
}

const readSettingsOf = (parts: Parts): FunctionSettings | ConfigError => {
  try {
    return parts.settings()
  } catch (error) {
    if (error instanceof ConfigError) return error
    throw error
  }
}

/** Request in, response out; never rejects. Without the secret nothing is told but that it is wanted. */
export const handle = async (request: Request, parts: Parts): Promise<Response> => {
  const settings = readSettingsOf(parts)
  if (settings instanceof Error) {
    parts.log(settings.message)
    // Nobody can be known yet, so nobody is told which setting it is: the log says so.
    return Response.json({ error: 'The function is not configured; its log says what is missing.' }, { status: 503 })
  }
  const headers = corsHeaders(request.headers.get('origin'), settings.origins)
  if (request.method === 'OPTIONS') return new Response(null, { status: 204, headers })
  if (!(await knowsSecret(request, settings.secret)))
    return Response.json(
      { error: 'Wanted the secret of this function in the header x-sync-secret.' },
      { status: 401, headers },
    )
  let answer: Answer
  try {
    answer = await answerTo(await readCall(request), parts)
  } catch (error) {
    answer = failureOf(error)
    parts.log(`${answer.status}: ${messageOf(error)}`)
  }
  const allow: Record<string, string> = answer.status === 405 ? { allow: 'GET, POST, OPTIONS' } : {}
  return Response.json(answer.body, { status: answer.status, headers: { ...headers, ...allow } })
}
