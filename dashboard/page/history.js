/** The runs so far. */
import { byId, number, setRows } from '/dom.js'
import { count, duration, moment, percent } from '/format.js'
import { plot } from '/plot.js'

let durations = null
let changes = null

const efficiency = ({ pages, requests }) =>
  pages.total && requests.total ? percent(Math.min(pages.done, pages.total) / requests.total) : '–'

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
  number(efficiency(run)),
]

export const setHistory = (runs) => {
  durations ??= plot(
    byId('plot-durations'),
    [{ label: 'duration', colour: '--accent' }],
    ([at]) =>
      at.length === 0 ? 'No runs yet' : `Durations of the last ${at.length} runs; the figures are in the table below`,
    (seconds) => duration(seconds * 1000),
  )
  changes ??= plot(
    byId('plot-changes'),
    [
      { label: 'new', colour: '--good' },
      { label: 'changed', colour: '--accent' },
    ],
    ([at]) =>
      at.length === 0
        ? 'No runs yet'
        : `New and changed cars of the last ${at.length} runs; the figures are in the table below`,
  )
  setRows(byId('runs'), runs.map(rowOf), 'There has been no run yet.')
  const ended = runs.filter(({ status }) => status !== 'running').reverse()
  const at = ended.map(({ startedAt }) => Date.parse(startedAt) / 1000)
  durations.set([at, ended.map(({ activeMs }) => activeMs / 1000)])
  changes.set([at, ended.map(({ cars }) => cars.inserted), ended.map(({ cars }) => cars.updated)])
}
