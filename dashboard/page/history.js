/** The runs so far. */
import { byId, number, setRows } from '/dom.js'
import { count, duration, moment, percent, shortDuration } from '/format.js'
import { plot } from '/plot.js'

let durations = null
let changes = null

const BY = { limit: "by the source's limit", width: 'by what it bears at the same time, for no limit was in the way' }

/** What was learned last may forbid what went through before: more than all is all. */
const efficiency = ({ least, activeMs, status }) =>
  least && status !== 'running'
    ? {
        text: percent(Math.min(1, least.ms / Math.max(1, activeMs))),
        title: `At least ${duration(least.ms)}, ${BY[least.by]}`,
      }
    : { text: status === 'running' ? '–' : 'not known', title: 'The least time that it could have taken is not known' }

const rowOf = (run) => [
  moment(run.startedAt),
  run.mode,
  {
    text: run.status === 'complete' && run.proof === 'exact' ? 'complete, proven' : run.status,
    title: run.reason ?? '',
  },
  number(duration(run.activeMs)),
  number(count(run.cars.seen)),
  number(count(run.cars.inserted)),
  number(count(run.cars.updated)),
  number(count(run.cars.unchanged)),
  number(count(run.cars.removed)),
  number(count(run.cars.rejected)),
  number(
    run.requests.limited > 0
      ? `${count(run.requests.total)} (${count(run.requests.limited)} refused)`
      : count(run.requests.total),
  ),
  { ...number(''), ...efficiency(run) },
]

export const setHistory = (runs) => {
  durations ??= plot(
    byId('plot-durations'),
    [{ label: 'duration', colour: '--accent' }],
    ([at]) =>
      at.length === 0
        ? 'No run has ended yet'
        : `Durations of the last ${at.length} runs; the figures are in the table below`,
    shortDuration,
  )
  changes ??= plot(
    byId('plot-changes'),
    [
      { label: 'new', colour: '--good' },
      { label: 'changed', colour: '--accent' },
    ],
    ([at]) =>
      at.length === 0
        ? 'No run has ended yet'
        : `New and changed cars of the last ${at.length} runs; the figures are in the table below`,
  )
  setRows(byId('runs'), runs.map(rowOf), 'There has been no run yet.')
  const ended = runs.filter(({ status }) => status !== 'running').reverse()
  const at = ended.map(({ startedAt }) => Date.parse(startedAt) / 1000)
  durations.set([at, ended.map(({ activeMs }) => activeMs / 1000)])
  changes.set([at, ended.map(({ cars }) => cars.inserted), ended.map(({ cars }) => cars.updated)])
}
