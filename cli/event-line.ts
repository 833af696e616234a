import type { Progress, SyncEvent } from '../src/node.ts'
import { count, counted, duration, moment, range, rate } from './figure.ts'
import { shareOf } from './screen.ts'
import { printable } from './text.ts'

/** What the pace says while nothing holds it back: not worth repeating in every line. */
const OPEN = 'nothing pushes back'

/** One line that says how far the run is: for pipes, logs and `--verbose`. */
export const progressLine = (progress: Progress): string => {
  const share = shareOf(progress)
  const { cars, carsTotal, pages } = progress
  return [
    share === null ? progress.phase : `${Math.floor(share * 100)}%`,
    `${count(cars.seen)}${carsTotal === null ? '' : ` of ${count(carsTotal)}`} cars`,
    `page ${count(pages.done)}${pages.total === null ? '' : ` of ${count(pages.total)}`}`,
    `${rate(progress.carsPerSecond)} cars/s`,
    `${rate(progress.requestsPerSecond)} requests/s`,
    ...(cars.rejected > 0 ? [`${count(cars.rejected)} rejected`] : []),
    ...(progress.etaMs === null ? [] : [`${range(progress.etaMs)} left`]),
    ...(progress.pace.why === OPEN ? [] : [printable(progress.pace.why)]),
  ].join(', ')
}

/** An event as a line. Nothing in it can steer the terminal. */
export const eventLine = (event: SyncEvent): string => {
  switch (event.kind) {
    case 'started':
      return `${event.resumed ? 'Resuming' : 'Starting'} the ${event.mode} run ${event.runId} of ${event.source}`
    case 'lease-awaited':
      return `Another sync may be at it: ${printable(event.holder)}, since ${moment(event.since)}. Waiting for a sign of life`
    case 'planned': {
      const total = event.total === null ? 'the source gives no total' : counted(event.total, 'car')
      const parts = event.segments.length > 1 ? `, in ${event.segments.length} parts` : ''
      return printable(`Planned: ${total}${parts}.${event.note === null ? '' : ` ${event.note}`}`)
    }
    case 'progress':
      return progressLine(event.progress)
    case 'slowed':
      return printable(`Slowing down: ${event.why}; waiting ${duration(event.waitMs)}`)
    case 'page-failed': {
      const { attempt, label, why, retryInMs } = event
      // Of a request that got no answer the reason names it already.
      const what = why.startsWith(`${label}: `) ? why : `${label}: ${why}`
      return printable(`Failed at attempt ${attempt}: ${what}; again in ${duration(retryInMs)}`)
    }
    case 'page-dead':
      return printable(`Given up for this run: ${event.label}: ${event.why}`)
    case 'note':
      return printable(event.message)
    case 'finished':
      return `Finished: ${event.summary.status}`
  }
}
