/** What the events say beside progress, without repeating itself: hundreds of refusals are one line with a count. Pure. */
import type { SyncEvent } from '../src/node.ts'
import { eventLine } from './event-line.ts'
import { count, counted } from './figure.ts'

export type Notices = { slowed: number; failed: number; dead: number; said: readonly string[]; latest: string | null }

export type Trouble = { counts: string; latest: string }

export const noNotices: Notices = { slowed: 0, failed: 0, dead: 0, said: [], latest: null }

/** Pages given up are named one by one up to here, then only counted. */
const NAMED = 5
/** Enough to recognise what was said, small enough for a run of days. */
const REMEMBERED = 50

const times = (number: number, what: string): string =>
  number === 0 ? '' : `${what} ${number === 1 ? 'once' : `${count(number)} times`}`

/** The troubles so far, counted, and the latest of them; null while there was none. */
export const troubleOf = ({ slowed, failed, dead, latest }: Notices): Trouble | null => {
  if (latest === null) return null
  const counts = [
    times(slowed, 'slowed down'),
    times(failed, 'retried'),
    dead === 0 ? '' : `${counted(dead, 'page')} given up`,
  ].filter((each) => each !== '')
  return { counts: counts.join(', '), latest }
}

const say = (notices: Notices, line: string): { notices: Notices; line: string | null } =>
  notices.said.includes(line)
    ? { notices, line: null }
    : { notices: { ...notices, said: [...notices.said, line].slice(-REMEMBERED) }, line }

/** Takes an event in; `line` is what is worth a line of its own now, or null. */
export const notice = (notices: Notices, event: SyncEvent): { notices: Notices; line: string | null } => {
  switch (event.kind) {
    case 'slowed':
      return { notices: { ...notices, slowed: notices.slowed + 1, latest: event.why }, line: null }
    case 'page-failed':
      return { notices: { ...notices, failed: notices.failed + 1, latest: event.why }, line: null }
    case 'page-dead': {
      const next = { ...notices, dead: notices.dead + 1, latest: event.why }
      return next.dead <= NAMED ? say(next, eventLine(event)) : { notices: next, line: null }
    }
    case 'started':
      return event.resumed ? say(notices, eventLine(event)) : { notices, line: null }
    case 'planned':
      return event.note === null ? { notices, line: null } : say(notices, eventLine(event))
    case 'lease-awaited':
    case 'note':
      return say(notices, eventLine(event))
    case 'progress':
    case 'finished':
      return { notices, line: null }
  }
}
