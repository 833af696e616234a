/** Plots over time that follow the size of their place and the colours of the page. */
import UPlot from '/uplot.js'

const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim()
const dark = matchMedia('(prefers-color-scheme: dark)')

const axis = (size) => ({
  stroke: colour('--soft'),
  grid: { stroke: colour('--line'), width: 1 },
  ticks: { stroke: colour('--line'), width: 1 },
  font: '12px system-ui, sans-serif',
  ...(size ? { size } : {}),
})

/**
 * `series`: { label, colour (a custom property of the page), dash, points (marks without a line), steps }. `set` takes the
 * columns, instants in seconds first; `say` makes the words that stand for the picture.
 */
export const plot = (host, series, say) => {
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
        scales: { y: { range: (_, __, top) => [0, Math.max(1, (top ?? 0) * 1.1)] } },
        axes: [axis(), axis(56)],
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
      drawn.setData(columns)
      host.setAttribute('aria-label', say(columns))
    },
  }
}
