/** Pictures of benchmarks: Vega-Lite as SVG, in colours that follow light and dark mode. */
import { parse, View } from 'vega'
import { compile, type TopLevelSpec } from 'vega-lite'

/** A colour in light mode, and what the style sheet makes of it in dark mode. */
export type Colour = { light: string; dark: string }

const INK: Colour = { light: '#1f2328', dark: '#e6edf3' }
const FAINT: Colour = { light: '#d1d9e0', dark: '#3d444d' }

const CONFIG = {
  aria: false,
  background: 'transparent',
  font: 'system-ui, sans-serif',
  view: { stroke: null },
  text: { color: INK.light },
  title: { color: INK.light, anchor: 'start', fontSize: 13, fontWeight: 600, offset: 8 },
  axis: {
    labelColor: INK.light,
    titleColor: INK.light,
    titleFontWeight: 400,
    domainColor: FAINT.light,
    tickColor: FAINT.light,
    gridColor: FAINT.light,
    tickCount: 6,
  },
  axisY: { minExtent: 26 },
  legend: {
    labelColor: INK.light,
    orient: 'top',
    symbolType: 'square',
    symbolSize: 90,
    symbolStrokeWidth: 0,
    symbolOpacity: 1,
  },
} as const

const styleOf = (colours: readonly Colour[]): string => {
  const dark = [INK, FAINT, ...colours]
    .map(({ light, dark }) => `[fill="${light}"]{fill:${dark}}[stroke="${light}"]{stroke:${dark}}`)
    .join('')
  return `<style>@media (prefers-color-scheme:dark){${dark}}</style>`
}

/** The picture as SVG. `colours` are those that it uses beside those of texts and axes. */
export const toSvg = async (spec: TopLevelSpec, colours: readonly Colour[]): Promise<string> => {
  const view = new View(parse(compile({ padding: 6, config: CONFIG, ...spec }).spec), { renderer: 'none' })
  const svg = await view.toSVG()
  view.finalize()
  return `${svg.replace(/^(<svg[^>]*>)/, `$1${styleOf(colours)}`)}\n`
}
