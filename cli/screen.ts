/** The live block: a picture of the run as lines that fit the terminal. Pure. */
import { stripVTControlCharacters } from 'node:util'
import type { Phase, Progress, SegmentProgress } from '../src/node.ts'
import { bar } from './bar.ts'
import { clock, count, counted, duration, perMinute, range, rate } from './figure.ts'
import type { Trouble } from './notices.ts'
import { type Paint, plain } from './paint.ts'
import { clip, padEnd, padStart, printable, widthOf } from './text.ts'

const MARGIN = '  '
const LABEL = 10
const ROWS = 6
const NAME_MAX = 16

const PHASE: Readonly<Record<Phase, string>> = {
  planning: 'Planning',
  sweeping: 'Fetching',
  checking: 'Checking',
  done: 'Done',
}

/** How far the run is, 0 to 1; below 1 until it is over, whatever the counts say. null: the source gives no total. */
export const shareOf = ({ phase, cars, carsTotal, pages }: Progress): number | null => {
  if (phase === 'done') return 1
  const parts = carsTotal !== null ? [cars.seen + cars.rejected, carsTotal] : [pages.done, pages.total]
  const [done, total] = parts as [number, number | null]
  if (total === null) return null
  return total === 0 ? 0 : Math.min(0.999, done / total)
}

const percent = (share: number): string => `${Math.floor(share * 100)}%`

/** Pieces behind a label, on as many lines as they need. */
const row = (label: string, pieces: readonly string[], width: number, paint: Paint): string[] => {
  const room = width - MARGIN.length - LABEL
  const lines: string[] = []
  for (const piece of pieces.filter((each) => each !== '')) {
    const joined = lines.length === 0 ? piece : `${lines.at(-1)}   ${piece}`
    if (lines.length > 0 && widthOf(joined) <= room) lines[lines.length - 1] = joined
    else lines.push(clip(piece, room))
  }
  return lines.map((line, at) => MARGIN + paint('dim', padEnd(at === 0 ? label : '', LABEL)) + line)
}

const headOf = (progress: Progress, width: number, elapsedMs: number, paint: Paint): string => {
  const share = shareOf(progress)
  const left =
    progress.phase === 'done'
      ? ''
      : progress.phase === 'checking'
        ? 'nearly done'
        : progress.etaMs === null
          ? share === null
            ? 'total unknown'
            : ''
          : `${range(progress.etaMs)} left`
  const behind = (gap: string, ...pieces: string[]): string => pieces.filter((each) => each !== '').join(gap)
  const done = share === null ? '' : percent(share)
  const tailRoom = width - MARGIN.length - LABEL - 8
  const whole = behind('   ', padStart(done, 4).trimEnd(), clock(elapsedMs), left)
  // On a narrow terminal the time left matters more than the time gone.
  const tail = widthOf(whole) <= tailRoom ? whole : clip(behind('  ', done, left || clock(elapsedMs)), tailRoom)
  const room = Math.min(40, width - MARGIN.length - LABEL - widthOf(tail) - 2)
  return `${MARGIN}${paint('bold', padEnd(PHASE[progress.phase], LABEL))}${bar(share, room, paint)}  ${tail}`
}

const isDone = (segment: SegmentProgress): boolean => segment.total !== null && segment.done >= segment.total

const segmentRow = (segment: SegmentProgress, nameWidth: number, width: number, paint: Paint): string => {
  const share = segment.total === null ? null : segment.total === 0 ? 0 : segment.done / segment.total
  const name = padEnd(clip(printable(segment.name), nameWidth), nameWidth)
  const figures =
    segment.total === null
      ? `${count(segment.done)} so far`
      : `${padStart(percent(share ?? 0), 4)}  ${count(segment.done)} of ${count(segment.total)}`
  const room = Math.max(4, Math.min(24, width - MARGIN.length - nameWidth - 26))
  return clipped([`${MARGIN}${name}  `, bar(share, room, paint), `  ${figures}`], width)
}

/** Joins painted parts; the last one is cut where the line would wrap. */
const clipped = (parts: readonly [string, string, string], width: number): string => {
  const bare = stripVTControlCharacters(parts[1])
  return parts[0] + parts[1] + clip(parts[2], width - widthOf(parts[0]) - widthOf(bare))
}

/** One segment says no more than the head does; of several, the finished ones and those far away are summed up. */
const segmentRows = (segments: readonly SegmentProgress[], width: number, paint: Paint): string[] => {
  if (segments.length < 2) return []
  const done = segments.filter(isDone)
  const open = segments.filter((segment) => !isDone(segment))
  const shown = open.slice(0, done.length > 0 ? ROWS - 1 : ROWS)
  const nameWidth = Math.min(NAME_MAX, Math.max(8, ...shown.map((segment) => widthOf(printable(segment.name)))))
  const names = done.map((segment) => printable(segment.name)).join(', ')
  return [
    ...(done.length === 0 ? [] : [MARGIN + paint('green', '✓ ') + clip(names, width - MARGIN.length - 2)]),
    ...shown.map((segment) => segmentRow(segment, nameWidth, width, paint)),
    ...(open.length > shown.length ? [`${MARGIN}${paint('dim', `and ${open.length - shown.length} more`)}`] : []),
  ]
}

const storedPieces = ({ cars }: Progress, paint: Paint): string[] => {
  const rejected = `${count(cars.rejected)} rejected`
  return [
    `${count(cars.inserted)} new`,
    `${count(cars.updated)} changed`,
    `${count(cars.unchanged)} unchanged`,
    ...(cars.removed > 0 ? [`${count(cars.removed)} removed`] : []),
    cars.rejected > 0 ? paint('yellow', rejected) : rejected,
  ]
}

/**
 * Lines of at most `width` columns. `elapsedMs` is what the clock shows; `trouble` is what went wrong so far, if anything.
 * Without `paint` there are no colours.
 */
export const screen = (
  progress: Progress,
  width: number,
  elapsedMs: number,
  { paint = plain, trouble = null }: { paint?: Paint; trouble?: Trouble | null } = {},
): string[] => {
  const { cars, carsTotal, pages, pace } = progress
  const of = (done: number, total: number | null): string =>
    total === null ? count(done) : `${count(done)} of ${count(total)}`
  const segments = segmentRows(progress.segments, width, paint)
  return [
    headOf(progress, width, elapsedMs, paint),
    '',
    ...row(
      'Cars',
      [of(cars.seen, carsTotal), `${rate(progress.carsPerSecond)}/s`, `${perMinute(progress.carsPerSecond)}/min`],
      width,
      paint,
    ),
    ...row('Stored', storedPieces(progress, plain), width, paint),
    ...row('Pages', [of(pages.done, pages.total), `${counted(pace.pageSize, 'car')} a page`], width, paint),
    ...row(
      'Requests',
      [`${rate(progress.requestsPerSecond)}/s`, `${progress.inFlight} in flight`, printable(pace.why)],
      width,
      paint,
    ),
    ...(segments.length > 0 ? ['', ...segments] : []),
    ...(trouble === null ? [] : ['', ...troubleRows(trouble, width, paint)]),
  ]
}

/** The reason comes last in a sentence: at the colon it may go to the next line, rather than be cut off. */
const troubleRows = ({ counts, latest }: Trouble, width: number, paint: Paint): string[] =>
  row('Trouble', [counts, ...printable(latest).split(': ')], width, paint)

/** Lines of at most `width` columns while there is no progress to show: what is being done, and what keeps it waiting. */
export const opening = (
  doing: string,
  width: number,
  elapsedMs: number,
  {
    paint = plain,
    trouble = null,
    againInMs = 0,
  }: { paint?: Paint; trouble?: Trouble | null; againInMs?: number } = {},
): string[] => {
  const again = trouble !== null && againInMs > 0 ? `; again in ${duration(againInMs)}` : ''
  const head = clip(`${MARGIN}${clock(elapsedMs)}  ${doing}${again}`, width)
  return trouble === null ? [head] : [head, ...troubleRows(trouble, width, paint)]
}
