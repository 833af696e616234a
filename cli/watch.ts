import type { Progress, SyncEvent } from '../src/node.ts'
import { eventLine, progressLine } from './event-line.ts'
import { logLine } from './log-line.ts'
import { noNotices, notice, troubleOf } from './notices.ts'
import { printable } from './text.ts'

/** Somebody who is told how a sync goes. */
export type Watch = {
  event(event: SyncEvent): void
  /** What is going on before there is any progress, e.g. "opening the database". */
  stage(doing: string): void
  /** A sentence of the door itself. */
  say(line: string): void
  /** No more will come; takes away what was only of use while it ran. */
  end(): void
}

type Write = (line: string) => void

/** For `--quiet`: only the door's own sentences. */
export const quietWatch = (write: Write): Watch => ({
  event: () => {},
  stage: () => {},
  say: write,
  end: () => {},
})

const PROGRESS_MS = 1000

/** For `--verbose`: every event is a line; progress once a second. */
export const verboseWatch = (write: Write, now: () => number): Watch => {
  let shownAt = Number.NEGATIVE_INFINITY
  return {
    event: (event) => {
      if (event.kind === 'progress') {
        if (now() - shownAt < PROGRESS_MS) return
        shownAt = now()
      }
      write(eventLine(event))
    },
    stage: write,
    say: write,
    end: () => {},
  }
}

/** For `--log json`: every event is an object on a line; progress once a second. `onlyEnd`: the end and the door's own words. */
export const jsonWatch = (write: Write, now: () => number, onlyEnd = false): Watch => {
  let shownAt = Number.NEGATIVE_INFINITY
  return {
    event: (event) => {
      if (onlyEnd && event.kind !== 'finished') return
      if (event.kind === 'progress') {
        if (now() - shownAt < PROGRESS_MS) return
        shownAt = now()
      }
      write(logLine(event, now()))
    },
    stage: (message) => {
      if (!onlyEnd) write(logLine({ kind: 'stage', message }, now()))
    },
    say: (message) => write(logLine({ kind: 'message', message }, now())),
    end: () => {},
  }
}

const LINE_MS = 5000

/** For pipes and CI: what is worth a line at once, and how far it is every five seconds. */
export const plainWatch = (write: Write): Watch => {
  let notices = noNotices
  let told: string | null = null
  let progress: Progress | null = null
  let doing = ''
  const timer = setInterval(() => {
    const now = troubleOf(notices)
    const trouble = now === null ? null : `${now.counts}; latest: ${printable(now.latest)}`
    write(
      (progress === null ? doing : progressLine(progress)) +
        (trouble === null || trouble === told ? '' : `. ${trouble}`),
    )
    told = trouble
  }, LINE_MS)
  timer.unref()
  return {
    event: (event) => {
      if (event.kind === 'progress') progress = event.progress
      const next = notice(notices, event)
      notices = next.notices
      if (next.line !== null) write(next.line)
    },
    stage: (text) => {
      doing = text
    },
    say: write,
    end: () => clearInterval(timer),
  }
}
