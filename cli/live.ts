import { stripVTControlCharacters } from 'node:util'
import { createLogUpdate } from 'log-update'
import type { Progress } from '../src/node.ts'
import { noNotices, notice, troubleOf } from './notices.ts'
import type { Paint } from './paint.ts'
import { opening, screen } from './screen.ts'
import { widthOf } from './text.ts'
import type { Watch } from './watch.ts'

const FRAME_MS = 100
/** Wider than this the eye has to travel. */
const MAX_WIDTH = 100
const ERASE_LINE_AND_GO_UP = '\u001b[2K\u001b[1A'

/** The live block on a terminal: at most ten pictures a second, and one a second when nothing happens. */
export const liveWatch = (stream: NodeJS.WriteStream, paint: Paint, now: () => number): Watch => {
  const update = createLogUpdate(stream)
  const beganAt = now()
  let notices = noNotices
  let progress: Progress | null = null
  let doing = ''
  let againAt = 0
  let fresh = false
  let shownSecond = -1
  let shown: string[] = []

  const linesAt = (elapsedMs: number): string[] => {
    const width = Math.min(MAX_WIDTH, stream.columns || 80)
    const trouble = troubleOf(notices)
    if (progress === null) return opening(doing, width, elapsedMs, { paint, trouble, againInMs: againAt - now() })
    const lines = screen(progress, width, elapsedMs, { paint, trouble })
    // On a low terminal the lines at the end give way: the head and the counts matter most.
    return ['', ...lines.slice(0, Math.max(1, (stream.rows || 24) - 3))]
  }
  const draw = (): void => {
    const elapsedMs = now() - beganAt
    const second = Math.floor(elapsedMs / 1000)
    if (!fresh && second === shownSecond) return
    fresh = false
    shownSecond = second
    const lines = linesAt(elapsedMs)
    // log-update leaves the last lines of a taller picture standing when they equal those of the next one.
    if (lines.length !== shown.length) update.clear()
    shown = lines
    update(lines.join('\n'))
  }
  const persist = (line: string): void => {
    update.persist(line)
    shown = []
    fresh = true
  }
  const onResize = (): void => {
    // The terminal has folded lines that were wider than it is now: log-update does not know of the rows that this made.
    const folds = shown.map(
      (line) => Math.max(1, Math.ceil(widthOf(stripVTControlCharacters(line)) / stream.columns)) - 1,
    )
    stream.write(ERASE_LINE_AND_GO_UP.repeat(folds.reduce((sum, rows) => sum + rows, 0)))
    update.clear()
    fresh = true
  }
  stream.on('resize', onResize)
  const timer = setInterval(draw, FRAME_MS)
  timer.unref()

  return {
    event: (event) => {
      if (event.kind === 'progress') progress = event.progress
      if (event.kind === 'slowed') againAt = now() + event.waitMs
      if (event.kind === 'page-failed') againAt = now() + event.retryInMs
      const next = notice(notices, event)
      notices = next.notices
      fresh = true
      if (next.line !== null) persist(next.line)
    },
    stage: (text) => {
      doing = text
      fresh = true
    },
    say: persist,
    end: () => {
      clearInterval(timer)
      stream.off('resize', onResize)
      update.clear()
      update.done()
    },
  }
}
