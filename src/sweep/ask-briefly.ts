/** Asks for what can be done without, where it alone is not to be had. */
import type { Outcome } from '../source/source.ts'
import { askCount } from './plan-sweep.ts'
import { openRefusedAlone } from './refused-alone.ts'
import type { Session } from './session.ts'

/** As often as a page of the listing is tried. */
const TRIES = 8

/**
 * A source that is down, or that refuses whatever is asked, is waited for; but where the listing is answered, `ask` is given up
 * after so many failures, or where it is refused alone: then the answer is `retry`, and the source is not dead.
 */
export const askBriefly = async <T>(
  {
    api,
    access,
    control,
    options,
    world,
    stop,
  }: Pick<Session, 'api' | 'access' | 'control' | 'options' | 'world' | 'stop'>,
  ask: (tries: number, refusals: number) => Promise<Outcome<T> | { kind: 'aborted' }>,
): Promise<Outcome<T> | { kind: 'aborted' }> => {
  const alone = openRefusedAlone(world.now, options.giveUpSeconds * 1000)
  for (;;) {
    const answer = await ask(TRIES, 1)
    if ((answer.kind !== 'retry' && answer.kind !== 'slow-down') || api.isDead()) return answer
    if (answer.kind === 'slow-down') alone.refused(answer.why)
    if (answer.kind === 'slow-down' && !alone.isInDoubt()) continue
    const listing = await askCount(api, control.source, access, {}, stop, 1, 1)
    if (listing.kind === 'stop' || listing.kind === 'aborted') return listing
    if (answer.kind === 'retry' && listing.kind === 'data') return answer
    if (answer.kind === 'slow-down') alone.listing(listing.kind === 'data')
    const why = alone.why()
    if (why !== null) return { kind: 'retry', why }
  }
}
