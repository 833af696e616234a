/** The speeds of the load bench as bars, for the README. */
import { writeFileSync } from 'node:fs'
import { type Colour, toSvg } from './picture.ts'
import { thousands } from './table.ts'

/** `isYardstick`: what ours is measured against. */
export type Speed = { what: string; carsPerSecond: number; isYardstick: boolean }

const FILE = new URL('../docs/images/speed.svg', import.meta.url)

const OURS: Colour = { light: '#0969da', dark: '#58a6ff' }
const YARDSTICK: Colour = { light: '#8c959f', dark: '#6e7681' }

/** Writes docs/images/speed.svg. `title` says what was measured. */
export const drawSpeeds = async (title: string, speeds: readonly Speed[]): Promise<void> => {
  const values = speeds.map((speed) => ({
    ...speed,
    colour: (speed.isYardstick ? YARDSTICK : OURS).light,
    label: thousands(speed.carsPerSecond),
  }))
  const y = {
    field: 'what',
    type: 'nominal' as const,
    sort: null,
    title: null,
    axis: { labelLimit: 320, ticks: false },
  }
  const most = Math.max(...speeds.map(({ carsPerSecond }) => carsPerSecond))
  const x = {
    field: 'carsPerSecond',
    type: 'quantitative' as const,
    title: 'cars a second',
    scale: { domain: [0, 1.12 * most], nice: false },
  }
  const svg = await toSvg(
    {
      title,
      width: 380,
      height: { step: 26 },
      data: { values },
      layer: [
        {
          mark: { type: 'bar', height: 16 },
          encoding: { x, y, color: { field: 'colour', type: 'nominal', scale: null } },
        },
        { mark: { type: 'text', align: 'left', dx: 5 }, encoding: { x, y, text: { field: 'label' } } },
      ],
    },
    [OURS, YARDSTICK],
  )
  writeFileSync(FILE, svg)
}
