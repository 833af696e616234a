import type { Live } from '../src/node.ts'

/** Requests per second that the source is found to allow; null where none are known: a rate that is only tried is no limit. */
export const knownLimit = ({ learned }: Live): number | null =>
  learned?.seeking ? null : (learned?.requestsPerSecond ?? null)
