/** The demo as a newcomer runs it: 190,000 cars into the embedded database, and once more. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { runSync } from './measure.ts'
import { type Table, thousands } from './table.ts'

const CARS = 190_000

export const embedded = async (): Promise<Table> => {
  const folder = mkdtempSync(join(tmpdir(), 'carsync-bench-'))
  try {
    const rows = []
    for (const what of ['first load, database made', 'second sweep']) {
      const { wallMs, peakMb } = await runSync({}, ['--demo', '--full'], { cwd: folder })
      rows.push([what, (wallMs / 1000).toFixed(1), thousands((CARS * 1000) / wallMs), peakMb])
    }
    return {
      head: ['what', 'seconds', 'cars/s', 'peak MB'],
      rows,
      notes: [`${thousands(CARS)} demo cars, the demo inventory on a thread of the same process, one run each.`],
    }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}
