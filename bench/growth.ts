/** Does cost or memory grow with the inventory? First loads of 190,000, 950,000 and 1,900,000 cars. */
import { startServer } from './load-round.ts'
import { runSync, startDemoProcess } from './measure.ts'
import { ratio, type Table, thousands } from './table.ts'

const SIZES = [190_000, 950_000, 1_900_000]

export const growth = async (): Promise<Table> => {
  const rows: (string | number)[][] = []
  let base: { perCar: number; peak: number } | null = null
  for (const cars of SIZES) {
    const pg = await startServer()
    const demo = await startDemoProcess(['--cars', String(cars), '--latency', '5'])
    try {
      const { wallMs, peakMb } = await runSync({ API_BASE_URL: demo.url, API_KEY: 'demo', DATABASE_URL: pg.url }, [
        '--full',
      ])
      const perCar = wallMs / cars
      base ??= { perCar, peak: peakMb }
      rows.push([
        thousands(cars),
        thousands(1000 / perCar),
        ratio(perCar / base.perCar),
        peakMb,
        ratio(peakMb / base.peak),
      ])
    } finally {
      demo.close()
      await pg.close()
    }
  }
  return { head: ['cars', 'cars/s', 'cost a car', 'peak MB', 'memory'], rows, notes: ['First loads, one run each.'] }
}
