import { auctionsApi } from './auctions-api.ts'
import type { Source } from './source.ts'

/** The sources that this program can read, by the name under which they are asked for. */
export const sources = { auctionsapi: auctionsApi } as const satisfies Readonly<Record<string, Source>>

/** Whether a source of the program goes by this name. `constructor` is a name that anybody may choose, and every object has one. */
const isListed = (name: string): name is keyof typeof sources => Object.hasOwn(sources, name)

/** The name under which the demo's cars are stored. */
const DEMO = 'demo'

/** The dialect that a source of this name speaks; one of a name of somebody's own speaks that of the AuctionsAPI. */
export const sourceNamed = (name: string): Source => (isListed(name) ? sources[name] : sources.auctionsapi)

/**
 * What a name means that no source of the program has, and which others the database has cars of: a name that was mistyped
 * begins a second mirror. null: there is nothing to say.
 */
export const ownName = (name: string, others: readonly string[] = []): string | null => {
  const own =
    isListed(name) || name === DEMO
      ? []
      : [`${name} is a name of your own (CARSYNC_SOURCE): its cars are read as those of ${sourceNamed(name).name}.`]
  const beside = others.filter((other) => other !== name)
  const meant =
    beside.length === 0
      ? []
      : [`Besides ${name} this database has ${beside.join(', ')}: is CARSYNC_SOURCE as you meant it?`]
  return own.length + meant.length === 0 ? null : [...own, ...meant].join(' ')
}
