/**
 * Whether cars that are proven gone may be marked removed, or a person must look first. Pure.
 *
 * Removal hides cars from a marketplace. A source that loses a shelf of its inventory for an hour looks just like one that
 * has sold it, so what is more than usual is held back.
 */
import { counted } from './counted.ts'

/** How many are at stake: `gone` of `all` that are stored and not marked removed. */
export type Share = { gone: number; all: number }

/** What `--max-removals` says, in place of the guard: so many cars, or this share of the inventory. */
export type RemovalLimit = { kind: 'count'; count: number } | { kind: 'share'; share: number }

export type Verdict = { kind: 'remove' } | { kind: 'hold'; why: string }

/** Fewer than this never need a look. */
const FEW = 50
const INVENTORY_SHARE = 0.05
const SEGMENT_SHARE = 0.2

const percent = (share: number): string => `${Math.round(share * 1000) / 10}%`

const beyondLimit = ({ gone, all }: Share, limit: RemovalLimit): string | null => {
  if (limit.kind === 'count')
    return gone > limit.count
      ? `${counted(gone, 'car is', 'cars are')} gone, and at most ${limit.count} may be removed`
      : null
  return gone > limit.share * all
    ? `${gone} of ${all} cars are gone, and at most ${percent(limit.share)} may be removed`
    : null
}

/** Whether so many are more than come or go unnoticed: more than 50 and more than 5% of all. */
export const isUnusual = ({ gone, all }: Share): boolean => gone > FEW && gone > INVENTORY_SHARE * all

const beyondUsual = (inventory: Share, segments: ReadonlyMap<string, Share>): string | null => {
  const { gone, all } = inventory
  if (isUnusual(inventory)) return `${gone} of ${all} cars are gone, more than ${percent(INVENTORY_SHARE)}`
  if (gone <= FEW) return null
  for (const [name, share] of segments)
    if (share.gone > FEW && share.gone > SEGMENT_SHARE * share.all)
      return `${share.gone} of ${share.all} cars of ${name} are gone, more than ${percent(SEGMENT_SHARE)}`
  return null
}

/**
 * Remove, or hold with the reason. Without a limit of the user's: held when more than 50 and more than 5% of the inventory
 * are gone, or more than 50 and more than 20% of a segment.
 */
export const mayRemove = (
  inventory: Share,
  segments: ReadonlyMap<string, Share>,
  limit: RemovalLimit | null,
): Verdict => {
  const why = limit === null ? beyondUsual(inventory, segments) : beyondLimit(inventory, limit)
  return why === null ? { kind: 'remove' } : { kind: 'hold', why }
}

/** How many cars may be asked for by id, where so many requests were made: asking must stay small beside the sweep. */
export const mayAskFor = (requests: number): number => Math.max(FEW, Math.floor(requests * 0.02))
