/**
 * Whether the last moments of a moving inventory are worth another look. A look proves something only when the inventory
 * stood still while it lasted. Where it lasts milliseconds that comes soon; where the source's pace makes it last seconds, an
 * inventory that moved through the first ones moves through the later ones too.
 */

/** The most looks, however short. */
const MOST = 12
/** So many are always worth it. */
const FEW = 3
/** All looks together may take so long, or this share of what the run has taken, whichever is more. */
const PATIENCE_MS = 10_000
const SHARE = 0.05

/** `looks`: how many there were, and how long they took together; `activeMs`: how long the run has worked, both in ms. */
export const isWorthALook = (looks: number, tookMs: number, activeMs: number): boolean =>
  looks < FEW || (looks < MOST && tookMs < Math.max(PATIENCE_MS, activeMs * SHARE))
