/**
 * The length of a window of which a source says only when it ends, in whole seconds. An end that is an instant is rounded up, and
 * the reply's `Date` down: so the first reply of a window of whole seconds, which begins with it, says a second more than the
 * length. Who waits for the said end begins each window just after a whole second, and each lasts that second longer. So once the
 * quota is used up, one request leaves a second early: what becomes of it tells, and is kept.
 */
import type { Announced } from '../announced.ts'
import type { AnnouncedLimit } from '../header/limit-headers.ts'

/** `windowMs`: null where the window was tried in vain. */
export type Length = { name: string; quota: number; windowMs: number | null }

/** By so much the end of a window may have been rounded. */
const ROUNDED_MS = 1000
/** So many are kept, of a source whose quota changes all the time. */
const MOST = 16
/** A gain below this share of a window is not worth a refusal. */
const WORTH = 0.03

const isOf =
  ({ name, quota }: AnnouncedLimit) =>
  (length: Length): boolean =>
    length.name === name && length.quota === quota

/** The limits with the lengths that were found, as long as the source says nothing that contradicts them. */
export const withLengths = (
  limits: readonly AnnouncedLimit[],
  lengths: readonly Length[],
): readonly AnnouncedLimit[] =>
  lengths.length === 0
    ? limits
    : limits.map((limit) => {
        const windowMs = lengths.find(isOf(limit))?.windowMs ?? null
        const fits = windowMs !== null && (limit.resetMs ?? 0) <= windowMs + ROUNDED_MS
        return fits && limit.windowMs === null ? { ...limit, windowMs } : limit
      })

/** Whether this is the first request of a window, of which nobody else has used anything. */
export const isFirst = ({ quota, remaining }: AnnouncedLimit): boolean => quota !== null && remaining === quota - 1

/** When a window of the length that may be told from its first request ends, ms; null: none may, or it need not be tried. */
const triedAt = ({ first, opensAt, ...limit }: Announced, lengths: readonly Length[]): number | null => {
  if (first === null || opensAt === null || limit.windowMs !== null || lengths.some(isOf(limit))) return null
  const lengthMs = first.resetMs - ROUNDED_MS
  const at = first.at + lengthMs
  return lengthMs > 0 && opensAt - at > WORTH * first.resetMs ? at : null
}

/** When the next window is asked for, ms: no window ends later than its length after its first request. */
export const nextAt = (announced: Announced, lengths: readonly Length[]): number => {
  const { first, opensAt, windowMs } = announced
  const known = first !== null && windowMs !== null ? first.at + windowMs : Number.POSITIVE_INFINITY
  return Math.min(opensAt!, triedAt(announced, lengths) ?? known)
}

/** With what became of the request that left at `sentAt`: `before` it the source said the one, in the answer the other. */
export const tried = (
  lengths: readonly Length[],
  before: readonly Announced[],
  limits: readonly AnnouncedLimit[],
  sentAt: number,
  refused: boolean,
): readonly Length[] => {
  const found = before.flatMap((each): Length[] => {
    const at = triedAt(each, lengths)
    if (at === null || sentAt < at || sentAt >= each.opensAt!) return []
    const { name, quota, first } = each
    if (refused) return [{ name, quota: quota!, windowMs: null }]
    const next = limits.find((limit) => limit.name === name && limit.quota === quota && isFirst(limit))
    // A window that is said to be longer than the one before had begun before its first request.
    return next !== undefined && (next.resetMs ?? 0) <= first!.resetMs
      ? [{ name, quota: quota!, windowMs: first!.resetMs - ROUNDED_MS }]
      : []
  })
  return found.length === 0 ? lengths : [...lengths, ...found].slice(-MOST)
}
