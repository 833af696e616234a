import { auctionsApi } from './auctions-api.ts'
import type { Source } from './source.ts'

/** The sources that this program can read, by the name under which they are asked for. */
export const sources = { auctionsapi: auctionsApi } as const satisfies Readonly<Record<string, Source>>
