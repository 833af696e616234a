import type { Paint } from './paint.ts'

/** A bar of `width` columns; `share` is 0 to 1, or null where the end is not known. Full only at 1. */
export const bar = (share: number | null, width: number, paint: Paint): string => {
  const cells = Math.max(0, width)
  if (share === null) return paint('dim', '┄'.repeat(cells))
  const filled = share >= 1 ? cells : Math.max(0, Math.min(cells - 1, Math.floor(share * cells)))
  return paint(share >= 1 ? 'green' : 'cyan', '━'.repeat(filled)) + paint('dim', '─'.repeat(cells - filled))
}
