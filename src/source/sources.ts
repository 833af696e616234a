import { auctionsApi } from './auctions-api.ts'
import type { Source } from './source.ts'

/** The sources that this program can read, by the name under which they are asked for. */
export const sources = { auctionsapi: auctionsApi } as const satisfies Readonly<Record<string, Source>>

/** The dialect that a source of this name speaks; one of a name of somebody's own speaks that of the AuctionsAPI. */
export const sourceNamed = (name: string): Source =>
  // `constructor` is a name that anybody may choose, and every object has one.
  Object.hasOwn(sources, name) ? (sources as Readonly<Record<string, Source>>)[name]! : sources.auctionsapi
