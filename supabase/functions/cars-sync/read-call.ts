/** What a request asks for. */
import type { Order } from '../../../src/mod.ts'

export type Call =
  | { kind: 'tick' }
  | { kind: 'start'; order: Order }
  | { kind: 'stop' }
  | { kind: 'status' }
  /** `why` is a sentence for whoever wrote the request. */
  | { kind: 'bad'; status: 400 | 405 | 413; why: string }

const ACTIONS = '"tick", "start", "stop" or "status"'
/** No call is longer; what is, is not read to its end. */
const MOST_CHARACTERS = 10_000

const bad = (why: string, status: 400 | 405 | 413 = 400): Call => ({ kind: 'bad', status, why })

const shown = (value: unknown): string => JSON.stringify(value)?.slice(0, 60) ?? 'nothing'

const isListOrNull = (value: unknown): value is string[] | null =>
  value === null || (Array.isArray(value) && value.every((each) => typeof each === 'string'))

const readStart = (body: Record<string, unknown>): Call => {
  const { action: _action, mode = 'full', fresh = false, priority = null, ...rest } = body
  const [unknown] = Object.keys(rest)
  if (unknown !== undefined)
    return bad(`Wanted only "mode", "fresh" and "priority" beside "action"; got ${shown(unknown)}.`)
  if (mode !== 'full' && mode !== 'incremental')
    return bad(`"mode": wanted "full" or "incremental"; got ${shown(mode)}.`)
  if (typeof fresh !== 'boolean') return bad(`"fresh": wanted true or false; got ${shown(fresh)}.`)
  if (!isListOrNull(priority))
    return bad(`"priority": wanted a list of brands, such as ["Audi","BMW"]; got ${shown(priority)}.`)
  if (priority?.some((each) => each.includes('\0')))
    return bad('"priority": wanted names of brands; got one with the character NUL, which a database cannot hold.')
  return { kind: 'start', order: { mode, fresh, priority } }
}

const parse = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

export const readCall = async (request: Request): Promise<Call> => {
  if (request.method === 'GET') return { kind: 'status' }
  if (request.method !== 'POST') return bad(`Wanted GET or POST; got ${request.method}.`, 405)
  if (Number(request.headers.get('content-length') ?? 0) > MOST_CHARACTERS)
    return bad(`Wanted a body of at most ${MOST_CHARACTERS} characters.`, 413)
  const text = await request.text()
  if (text.length > MOST_CHARACTERS) return bad(`Wanted a body of at most ${MOST_CHARACTERS} characters.`, 413)
  const body = parse(text)
  if (typeof body !== 'object' || body === null || Array.isArray(body))
    return bad(
      `Wanted a JSON object such as {"action":"tick"}; got ${text === '' ? 'an empty body' : 'something else'}.`,
    )
  const { action } = body as Record<string, unknown>
  switch (action) {
    case 'tick':
    case 'stop':
    case 'status':
      return { kind: action }
    case 'start':
      return readStart(body as Record<string, unknown>)
    default:
      return bad(`"action": wanted ${ACTIONS}; got ${shown(action)}.`)
  }
}
