import { hash } from './random.ts'

/** Faults that strike by chance, in the order in which one draw is shared out among them. */
export const faultKinds = [
  'status500',
  'status503',
  'reset',
  'resetMid',
  'truncated',
  'html',
  'errorBody',
  'hang',
  'drip',
  'emptyPage',
  'badGzip',
  'wrongLength',
  'status502',
  'status504',
  /** Without Retry-After. */
  'status429',
  /** With a Retry-After of one second. */
  'retryAfter',
  /** To `redirectTo`. */
  'status301',
  'status302',
  'hangMid',
  /** 200 with `{error}`, where `errorBody` has `{message}`. */
  'errorField',
  /** No rows, and yet a next page. */
  'emptyNext',
  /** No rows, and the end mark, wherever in the listing: nothing about the answer itself is wrong. */
  'emptyEnd',
  /** Another page of the listing than was asked for, and `meta` says so. Strikes listings only. */
  'wrongPage',
  /** More bytes than Content-Length says, where `wrongLength` has fewer. */
  'shortLength',
] as const
/** One of them. */
export type FaultKind = (typeof faultKinds)[number]

/** What goes wrong: probabilities (0 to 1) by kind, and the faults that do not depend on chance. */
export type Faults = Partial<Record<FaultKind, number>> & {
  /** How long a dripping body takes in all; default 5000. */
  dripMs?: number
  /** Where redirects lead, path and query appended; default `http://elsewhere.invalid/api`. */
  redirectTo?: string
  /** 401 on every request after this many. */
  unauthorizedAfter?: number
  /** 403 on every request after this many. */
  forbiddenAfter?: number
  /** Pages that fail for ever with 500: numbers, or "3,7" (any listing), or "all:3,7" (the unfiltered listing only). */
  deadPages?: readonly number[] | string
  /** Listed cars that the removal feed names as archived just now: a share of all, or ids. */
  archiveLies?: number | readonly number[]
  /** Every `/cars/{id}` is 404, as if the car were gone. */
  byIdDown?: boolean
}

/** The fault for a draw in [0, 1), or null. Pure. */
export function pickFault(faults: Faults, roll: number): FaultKind | null {
  let edge = 0
  for (const kind of faultKinds) {
    edge += faults[kind] ?? 0
    if (roll < edge) return kind
  }
  return null
}

/** Whether this page of a listing is one that never answers. */
export function isDeadPage(faults: Faults, page: number, filtered: boolean): boolean {
  const dead = faults.deadPages
  if (dead === undefined) return false
  if (typeof dead !== 'string') return dead.includes(page)
  const [scope, list] = dead.startsWith('all:') ? ['all', dead.slice(4)] : ['any', dead]
  return !(scope === 'all' && filtered) && list.split(',').some((text) => Number(text) === page)
}

/** Whether the removal feed lies about this car. */
export function isLiedAbout(faults: Faults, id: number, seed: number): boolean {
  const lies = faults.archiveLies ?? 0
  return typeof lies === 'number' ? hash(id, seed + 500) < lies * 0x1_0000_0000 : lies.includes(id)
}
