/** What an answer without data means, as a table: the first row that fits. */
import { Buffer } from 'node:buffer'
import type { Outcome, Reply } from './source.ts'

type Meaning = 'slow-down' | 'retry' | 'smaller-page' | 'auth' | 'quota' | 'protocol'
type Circumstance = 'retry-after' | 'quota-body' | 'can-shrink'

/** `advice` ends the sentence after "got HTTP <status>" and says what to do where a person can do something. */
type Row = { from: number; to?: number; if?: Circumstance; meaning: Meaning; advice: string }

const REFUSALS: readonly Row[] = [
  {
    from: 300,
    to: 399,
    meaning: 'protocol',
    advice: 'a redirect, which is not followed because it would send the key elsewhere. Check API_BASE_URL',
  },
  { from: 400, if: 'can-shrink', meaning: 'smaller-page', advice: 'perhaps the page is too large' },
  { from: 413, if: 'can-shrink', meaning: 'smaller-page', advice: 'the page is too large' },
  { from: 422, if: 'can-shrink', meaning: 'smaller-page', advice: 'perhaps the page is larger than allowed' },
  { from: 401, meaning: 'auth', advice: 'the key is missing or not accepted. Check API_KEY' },
  { from: 402, meaning: 'quota', advice: 'the plan is used up or unpaid. Check it with the vendor' },
  { from: 403, meaning: 'auth', advice: 'the key may not do this. Check API_KEY' },
  { from: 404, meaning: 'protocol', advice: 'there is no such listing. Check API_BASE_URL' },
  { from: 410, meaning: 'protocol', advice: 'that listing is there no more. Check API_BASE_URL' },
  { from: 408, meaning: 'retry', advice: 'the source took too long' },
  { from: 425, meaning: 'retry', advice: 'the source asks for a later attempt' },
  {
    from: 429,
    if: 'quota-body',
    meaning: 'quota',
    advice: 'the quota is used up. Wait until it is renewed, or raise it with the vendor',
  },
  { from: 429, meaning: 'slow-down', advice: 'too many requests' },
  { from: 503, if: 'retry-after', meaning: 'slow-down', advice: 'the source asks for a pause' },
  { from: 500, to: 599, meaning: 'retry', advice: 'the source has a fault' },
  { from: 100, to: 999, meaning: 'retry', advice: 'which means nothing here' },
]

/** Enough of a body to find its message; a page of HTML after it is of no interest. */
const EXCERPT_BYTES = 2048

const LONG_PERIOD = /\b(?:monthly|daily|(?:per|this|the|calendar|billing) (?:month|day)|today)\b/i
const USED_UP = /\b(?:exceeded|exhausted|reached|used up|depleted|ran out)\b/i
const ALLOWANCE = /\b(?:quota|allowance|limit|plan|credits)\b/i

/** Whether a refusal speaks of a day's or month's allowance that is gone: waiting some seconds will not help. */
const speaksOfQuota = (body: Uint8Array): boolean => {
  const excerpt = Buffer.from(body.subarray(0, EXCERPT_BYTES)).toString('latin1')
  return LONG_PERIOD.test(excerpt) && USED_UP.test(excerpt) && ALLOWANCE.test(excerpt)
}

const CIRCUMSTANCES: Readonly<Record<Circumstance, (reply: Reply, pageSize: number) => boolean>> = {
  'retry-after': (reply) => reply.headers.get('retry-after') !== null,
  'quota-body': (reply) => speaksOfQuota(reply.body),
  'can-shrink': (_reply, pageSize) => pageSize > 1,
}

/**
 * null for 200; otherwise what the refusal means. `wanted` is what was asked for, in words; `pageSize` is 1 where
 * nothing can be asked in smaller pieces.
 */
export const refusal = (reply: Reply, wanted: string, pageSize: number): Outcome<never> | null => {
  if (reply.status === 200) return null
  const fits = (row: Row): boolean =>
    reply.status >= row.from &&
    reply.status <= (row.to ?? row.from) &&
    (row.if === undefined || CIRCUMSTANCES[row.if](reply, pageSize))
  const { meaning, advice } = REFUSALS.find(fits) ?? REFUSALS.at(-1)!
  const why = `Cannot read ${wanted}: got HTTP ${reply.status}, ${advice}`
  switch (meaning) {
    case 'auth':
    case 'quota':
    case 'protocol':
      return { kind: 'stop', reason: meaning, why }
    case 'slow-down':
    case 'retry':
    case 'smaller-page':
      return { kind: meaning, why }
  }
}
