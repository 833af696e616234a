/** Plots over time that follow the size of their place and the colours of the page. */
import UPlot from '/uplot.js'

const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim()
const dark = matchMedia('(prefers-color-scheme: dark)')

const clock = new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit', second: '2-digit' })
const hour = new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'short', hour: '2-digit', minute: '2-digit' })
const day = new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'short' })

/** Steps of an axis in seconds: a second to a year. */
const STEPS = [
  1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 1800, 3600, 7200, 21_600, 43_200, 86_400, 172_800, 604_800, 2_592_000,
  31_536_000,
]
const instants = (_, splits, __, ___, step) => {
  const shape = step < 60 ? clock : step < 86_400 ? hour : day
  return splits.map((at) => shape.format(at * 1000))
}
/** One instant alone would be given years to either side. */
const aroundOne = (_, from, to) => (from === to ? [(from ?? 0) - 30, (to ?? 0) + 30] : [from, to])

const axis = (more) => ({
  stroke: colour('--soft'),
  grid: { stroke: colour('--line'), width: 1 },
  ticks: { stroke: colour('--line'), width: 1 },
  font: '12px system-ui, sans-serif',
  ...more,
})

/**
 * `series`: { label, colour (a custom property of the page), dash, points (marks without a line), steps }. `set` takes the
 * columns, instants in seconds first; `say` makes the words that stand for the picture, `figures` those of the upright
 * axis. The first series is what must be seen: others are cut off where they are more than four times as high.
 */
export const plot = (host, series, say, figures = null) => {
  const high = (top) => Math.max(1, Math.min(top ?? 0, 4 * Math.max(...columns[1], 1)) * 1.1)
  let columns = [[], ...series.map(() => [])]
  let drawn = null
  const line = ({ label, colour: name, dash, points }) => ({
    label,
    stroke: colour(name),
    width: points ? 0 : 2,
    spanGaps: false,
    ...(dash ? { dash } : {}),
    points: points
      ? { show: true, size: 9, fill: colour(name), stroke: colour(name) }
      : { show: (_, __, from, to) => to - from < 30, size: 5, fill: colour(name), stroke: colour(name) },
    ...(points ? { paths: () => null } : {}),
  })
  const draw = () => {
    drawn?.destroy()
    const { width, height } = host.getBoundingClientRect()
    drawn = new UPlot(
      {
        width: Math.max(100, width),
        height: Math.max(80, height),
        cursor: { show: false },
        legend: { show: false },
        scales: { x: { range: aroundOne }, y: { range: (_, __, top) => [0, high(top)] } },
        axes: [
          axis({ incrs: STEPS, values: instants, space: 95 }),
          axis({ size: 64, ...(figures ? { values: (_, splits) => splits.map(figures), incrs: STEPS } : {}) }),
        ],
        series: [{}, ...series.map(line)],
      },
      columns,
      host,
    )
  }
  draw()
  new ResizeObserver(() => {
    const { width, height } = host.getBoundingClientRect()
    if (width > 0 && (drawn.width !== width || drawn.height !== height)) drawn.setSize({ width, height })
  }).observe(host)
  dark.addEventListener('change', draw)
  return {
    set: (next) => {
      columns = next
      host.classList.toggle('empty', columns[0].length === 0)
      drawn.setData(columns)
      host.setAttribute('aria-label', say(columns))
    },
  }
}
