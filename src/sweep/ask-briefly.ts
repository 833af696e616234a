/** Asks for what can be done without, where it alone is not to be had. */
import type { Outcome } from '../source/source.ts'
import { askCount } from './plan-sweep.ts'
import type { Session } from './session.ts'

/** As often as a page of the listing is tried. */
const TRIES = 8

/**
 * A source that is down is waited for; but where the listing is answered, `ask` is given up after so many failures: then the
 * answer is `retry`, and the source is not dead.
 */
export const askBriefly = async <T>(
  { api, access, control, stop }: Pick<Session, 'api' | 'access' | 'control' | 'stop'>,
  ask: (tries: number) => Promise<Outcome<T> | { kind: 'aborted' }>,
): Promise<Outcome<T> | { kind: 'aborted' }> => {
  for (;;) {
    const answer = await ask(TRIES)
    if (answer.kind !== 'retry' || api.isDead()) return answer
    const listing = await askCount(api, control.source, access, {}, stop, 1)
    if (listing.kind === 'data') return answer
    if (listing.kind !== 'retry') return listing
  }
}
