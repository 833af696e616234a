/** The real arithmetic: 190,000 cars behind one request a second that nobody announced, 1,000 cars a page. */
import { startPostgres } from '../test/support/postgres.ts'
import { SERVER } from './load-round.ts'
import { runSync, startDemoProcess } from './measure.ts'
import { ratio, type Table, thousands } from './table.ts'

const CARS = 190_000

export const oneRequestASecond = async (): Promise<Table> => {
  const pg = await startPostgres(SERVER)
  const demo = await startDemoProcess(['--cars', String(CARS), '--latency', '150', '--limit', '1/s burst 1'])
  try {
    const { wallMs, summary } = await runSync({ API_BASE_URL: demo.url, API_KEY: 'demo', DATABASE_URL: pg.url }, [
      '--full',
    ])
    const { total, limited } = summary.requests
    return {
      head: ['seconds', 'cars a minute', 'requests', 'refused', 'of the lower bound', "times the first user's target"],
      rows: [
        [
          (wallMs / 1000).toFixed(0),
          thousands((CARS * 60_000) / wallMs),
          total,
          limited,
          ratio(wallMs / 1000 / summary.pages.done),
          ratio(7_200_000 / wallMs),
        ],
      ],
      notes: ['The lower bound is a page a second. One run.'],
    }
  } finally {
    demo.close()
    await pg.close()
  }
}
