/**
 * Whether something is refused alone. A refusal mostly speaks of all requests of a key, and is waited for; where the listing is
 * answered each time that it is asked in between, a limit of its own is meant.
 */

/** As often as a page of the listing is tried. */
const TIMES = 8
/** Whoever meets a limit is refused now and then: so often before the listing is asked for the first time. */
const REFUSALS = 2

export type RefusedAlone = {
  /** It was refused, or answered in any other way. */
  refused(why: string): void
  answered(): void
  /** The listing is to be asked next; `listing` is told whether it was let in. */
  isInDoubt(): boolean
  listing(isLetIn: boolean): void
  /** What was said last, where it is refused alone; else null. */
  why(): string | null
}

/** `patienceMs`: no longer than that, even where it was refused and the listing was not but once. */
export const openRefusedAlone = (now: () => number, patienceMs: number): RefusedAlone => {
  let said = ''
  let since: number | null = null
  let refusals = 0
  let times = 0
  const answered = (): void => {
    since = null
    refusals = 0
    times = 0
  }
  return {
    refused: (why) => {
      said = why
      since ??= now()
      refusals++
    },
    answered,
    isInDoubt: () => refusals >= (times === 0 ? REFUSALS : 1),
    listing: (isLetIn) => {
      refusals = 0
      times = isLetIn ? times + 1 : 0
    },
    why: () => (times >= TIMES || (times > 0 && since !== null && now() - since >= patienceMs) ? said : null),
  }
}
