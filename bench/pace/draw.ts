/** A run as a picture: requests per second over time, the limit, and what was refused. SVG that follows light and dark mode. */
import type { TopLevelSpec } from 'vega-lite'
import { toSvg } from '../picture.ts'

/** Requests per second in the step that begins at `at` (seconds); the limit from there on, null where there is none. */
export type Step = { at: number; sent: number; accepted: number; limit: number | null }

export type Drawing = {
  title: string
  stepS: number
  steps: readonly Step[]
  /** When what was refused had left, seconds. */
  refusedAt: readonly number[]
}

const SERIES = {
  accepted: { light: '#7cc0ff', dark: '#1f5fb8' },
  sent: { light: '#0a3069', dark: '#a5d6ff' },
  limit: { light: '#1a7f37', dark: '#3fb950' },
  refused: { light: '#cf222e', dark: '#ff7b72' },
}

const specOf = ({ title, stepS, steps, refusedAt }: Drawing): TopLevelSpec => {
  const last = steps.at(-1)!
  const end = last.at + stepS
  // A step line needs the end of the last step too.
  const data = { values: [...steps, { ...last, at: end }] }
  const most = Math.max(...steps.map(({ sent, limit }) => Math.max(sent, limit ?? 0)))
  const named = Object.entries(SERIES).filter(
    ([name]) => (name !== 'limit' || last.limit !== null) && (name !== 'refused' || refusedAt.length > 0),
  )
  const scale = { domain: named.map(([name]) => name), range: named.map(([, { light }]) => light) }
  const color = (name: keyof typeof SERIES) => ({ datum: name, scale, legend: { title: null } })
  const kind = 'quantitative' as const
  const x = { field: 'at', type: kind, scale: { domain: [0, end], nice: false }, title: 'seconds' }
  const top = { domain: [0, 1.15 * most], nice: false }
  const y = (field: string) => ({ field, type: kind, scale: top, title: 'requests a second' })
  return {
    title,
    width: 640,
    height: 170,
    layer: [
      {
        data,
        mark: { type: 'area', interpolate: 'step-after', opacity: 1 },
        encoding: { x, y: y('accepted'), color: color('accepted') },
      },
      {
        data,
        mark: { type: 'line', interpolate: 'step-after', strokeWidth: 1.2 },
        encoding: { x, y: y('sent'), color: color('sent') },
      },
      {
        data: last.limit === null ? { values: [] } : data,
        mark: { type: 'line', interpolate: 'step-after', strokeWidth: 1.5, strokeDash: [5, 3] },
        encoding: { x, y: y('limit'), color: color('limit') },
      },
      {
        data: { values: refusedAt.map((at) => ({ at })) },
        mark: { type: 'tick', thickness: 1.6, size: 12, orient: 'vertical', opacity: 1 },
        encoding: { x, y: { value: 6 }, color: color('refused') },
      },
    ],
  }
}

export const draw = (drawing: Drawing): Promise<string> => toSvg(specOf(drawing), Object.values(SERIES))
