/** The run that is on, or the last one. */
import { ask } from '/ask.js'
import { byId, make, setClass, write } from '/dom.js'
import { count, duration, milliseconds, moment, percent, range, rate } from '/format.js'
import { plot } from '/plot.js'
import { faultsMark } from '/trouble.js'

const PHASES = {
  planning: 'asking what there is',
  sweeping: 'reading pages',
  checking: 'checking that nothing was missed',
  done: 'ending',
}
const STATES = { complete: 'good', incomplete: 'note', failed: 'bad', abandoned: 'note', running: 'on' }
/** Ten minutes, as the server keeps. */
const KEPT = 600

let samples = []
let requests = null
let cars = null

const last = (column) => column.at(-1)

const draw = () => {
  const at = samples.map((sample) => sample.at / 1000)
  const refused = samples.map(({ limited, requestsPerSecond }) => (limited > 0 ? requestsPerSecond : null))
  requests.set([at, samples.map((s) => s.requestsPerSecond), samples.map((s) => s.limit), refused])
  cars.set([at, samples.map((s) => s.carsPerSecond)])
}

export const setSamples = (all) => {
  requests ??= plot(
    byId('plot-requests'),
    [
      { label: 'requests a second', colour: '--accent' },
      { label: 'learned limit', colour: '--good', dash: [6, 4] },
      { label: 'refused', colour: '--bad', points: true },
    ],
    ([at, made, limit, refused]) =>
      at.length === 0
        ? 'No requests to show'
        : `Requests a second: ${rate(last(made))} now; learned limit: ${last(limit) === null ? 'none' : rate(last(limit))}; refusals in ${refused.filter((each) => each !== null).length} of the last ${at.length} looks`,
  )
  cars ??= plot(byId('plot-cars'), [{ label: 'cars a second', colour: '--accent' }], ([at, made]) =>
    at.length === 0 ? 'No cars to show' : `Cars a second: ${rate(last(made))} now`,
  )
  samples = all
  draw()
}

const rows = []
const setSegments = (segments) => {
  const list = byId('segments')
  while (rows.length > segments.length) rows.pop().row.remove()
  segments.forEach(({ name, done, total }, i) => {
    if (!rows[i]) {
      const [label, bar, output] = [make('span', { className: 'name' }), make('progress', { max: 1 }), make('output')]
      rows[i] = { row: make('li', {}, label, bar, output), label, bar, output }
      list.append(rows[i].row)
    }
    const { label, bar, output } = rows[i]
    write(label, name)
    label.title = name
    bar.setAttribute('aria-label', name)
    bar.value = total ? Math.min(1, done / total) : 0
    write(output, total === null ? count(done) : `${count(done)} of ${count(total)}`)
  })
}

const setActions = ({ here, live }) => {
  const mayStart = here.canStart && !(live && isOn(live))
  byId('start-full').disabled = !mayStart
  byId('start-incremental').disabled = !mayStart
  byId('stop').disabled = !here.running || here.stopping
  write(byId('stop'), here.stopping ? 'Stopping' : 'Stop')
}

const aboutRun = ({ live, here }) => {
  const pace = here.pace?.why || live.learned?.why
  const parts = [
    `${live.source}: ${live.mode} run ${live.runId.slice(0, 8)}, began ${moment(live.startedAt)}${live.resumed ? ', resumed' : ''}`,
    live.status === 'running'
      ? live.isAlive
        ? (PHASES[live.phase] ?? live.phase)
        : 'its process gives no sign of life; the next sync goes on from the last committed page'
      : live.finishedAt
        ? `ended ${moment(live.finishedAt)} after ${duration(live.activeMs)}`
        : '',
    live.status === 'complete' && live.mode === 'full'
      ? live.proof === 'exact'
        ? 'every car of the source was seen'
        : 'not proven that every car was seen'
      : '',
    live.reason ?? '',
    live.status === 'running' && pace ? `pace: ${pace}` : '',
  ]
  return parts.filter(Boolean).join('; ')
}

const timesOf = (took) => (took === null ? '–' : milliseconds(took.meanMs, took.mostMs))
const LATELY = 'On average, and what 95 of 100 do not exceed; of the last minute, or else of the whole run'

const shareOf = ({ pages, requests: made }) =>
  pages.total && made.total ? percent(Math.min(pages.done, pages.total) / made.total) : '–'

const isOn = ({ status, isAlive }) => status === 'running' && isAlive
const limitOf = ({ learned, ...live }) => {
  if (learned?.seeking) return isOn(live) ? 'seeking' : 'not found'
  if (learned?.requestsPerSecond) return `${rate(learned.requestsPerSecond)}/s`
  // A source that takes so many at once has no rate; only the sentence tells.
  const [atOnce] = /at most \d+ at once/.exec(learned?.why ?? '') ?? []
  return atOnce ?? (learned ? 'none met' : '–')
}
const perMinute = (perSecond) => (perSecond === null ? null : perSecond * 60)

/** Name, value and what it means. */
const FIGURES = [
  ['Cars a second', ({ live }) => (isOn(live) ? rate(live.carsPerSecond) : '–')],
  ['Cars a minute', ({ live }) => (isOn(live) ? count(perMinute(live.carsPerSecond)) : '–')],
  ['Time left', ({ live }) => (isOn(live) && live.etaMs ? range(live.etaMs) : '–')],
  ['Requests a second', ({ live }) => (isOn(live) ? rate(live.requestsPerSecond) : '–')],
  ['Learned limit', ({ live }) => limitOf(live), ({ live }) => live.learned?.why ?? ''],
  ['Refused requests', ({ live }) => `${count(live.requests.limited)} of ${count(live.requests.total)}`],
  ['Useful requests', ({ live }) => shareOf(live), () => 'Pages read, as a share of the requests made'],
  ['Answer (95%)', ({ took }) => timesOf(took.answer), () => `From the request to the last byte. ${LATELY}`],
  ['Commit (95%)', ({ took }) => timesOf(took.commit), () => `A transaction of one page or several. ${LATELY}`],
  [
    'In flight',
    ({ here }) => (here.inFlight === null ? '–' : count(here.inFlight)),
    () => 'Known where the sync runs in the process that serves this page',
  ],
  [
    'Pages',
    ({ live: { pages } }) => (pages.total ? `${count(pages.done)} of ${count(pages.total)}` : count(pages.done)),
  ],
  ['New', ({ live }) => count(live.cars.inserted)],
  ['Changed', ({ live }) => count(live.cars.updated)],
  ['Unchanged', ({ live }) => count(live.cars.unchanged)],
  ['Removed', ({ live }) => count(live.cars.removed)],
  ['Rejected', ({ live }) => count(live.cars.rejected)],
].map(([name, value, title = () => '']) => ({ value, title, name, cell: make('dd', {}, '–') }))

// There before the first run, so that nothing jumps when it begins.
byId('figures').append(...FIGURES.map(({ name, cell }) => make('div', {}, make('dt', {}, name), cell)))

const setFigures = (now) => {
  for (const { cell, value, title } of FIGURES) {
    write(cell, value(now))
    cell.title = title(now)
  }
}

/** How far it is, 0 to 1; below 1 until it is over, whatever the counts say. null: nobody knows. */
const doneOf = ({ status, cars: { seen, rejected }, carsTotal }) => {
  if (status === 'complete') return 1
  return carsTotal ? Math.min(0.999, (seen + rejected) / carsTotal) : null
}

const setTitle = (how) => {
  document.title = `${faultsMark()}${how} – Smart Cars Sync`
}

export const setNow = (now) => {
  const { live, here, sample, trouble } = now
  setActions(now)
  write(byId('said'), trouble ? `The database cannot be read: ${trouble}` : (here.said ?? ''))
  if (live === null) {
    write(byId('state'), here.running ? 'beginning' : 'no run yet')
    setTitle(byId('state').textContent)
    return
  }
  const isSilent = live.status === 'running' && !live.isAlive && !here.running
  write(byId('state'), isSilent ? 'interrupted' : here.stopping && live.status === 'running' ? 'stopping' : live.status)
  setClass(byId('state'), `badge ${isSilent ? 'note' : (STATES[live.status] ?? '')}`)
  write(byId('state-more'), aboutRun(now))
  const total = live.carsTotal
  byId('overall').value = doneOf(live) ?? 0
  write(byId('overall-text'), total ? `${count(live.cars.seen)} of ${count(total)}` : count(live.cars.seen))
  setSegments(live.segments)
  setFigures(now)
  if (sample) {
    samples = [...samples.slice(1 - KEPT), sample]
    draw()
  }
  const how = isOn(live) && total ? percent(doneOf(live)) : byId('state').textContent
  setTitle(how)
}

const say = (answer) => write(byId('said'), answer.error ?? '')
byId('start-full').addEventListener('click', () =>
  ask({ title: 'Start full sync', what: 'Reads the whole source.', path: '/api/start/full', done: say }),
)
byId('start-incremental').addEventListener('click', () =>
  ask({
    title: 'Start incremental sync',
    what: 'Reads what has changed since the last run.',
    path: '/api/start/incremental',
    done: say,
  }),
)
byId('stop').addEventListener('click', () =>
  ask({
    title: 'Stop the sync',
    what: 'What is in hand is committed; the next sync goes on from there.',
    path: '/api/stop',
    done: say,
  }),
)
