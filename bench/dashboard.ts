/**
 * What 200 watchers of the page cost the sync that serves it: first loads into Postgres, with and without, in turns. The CPU
 * time is told of the sync's process and of this one, where the watchers live: on few cores the clock on the wall shows both.
 */
import { get } from 'node:http'
import postgres from 'postgres'
import { startPostgres } from '../test/support/postgres.ts'
import { ownCpuMs } from './cpu-time.ts'
import { dropEverything, SERVER } from './load-round.ts'
import { type Measured, median, runSync, startDemoProcess } from './measure.ts'
import { ratio, type Table, thousands } from './table.ts'

const CARS = Number(process.env.BENCH_CARS ?? 190_000)
const ROUNDS = Number(process.env.BENCH_ROUNDS ?? 3)
const WATCHERS = 200

/** Opens so many streams and reads them to their end; answers how many messages came. */
const watchers = (url: string, count: number): { messages(): number } => {
  let messages = 0
  for (let i = 0; i < count; i++)
    get(`${url}/api/live`, { agent: false }, (response) => {
      response.setEncoding('utf8').on('data', (text: string) => {
        messages += text.split('event: now').length - 1
      })
    }).on('error', () => {})
  return { messages: () => messages }
}

/** `ownCpuMs`: CPU time of this process meanwhile. */
type Told = Measured & { ownCpuMs: number }

export const dashboard = async (): Promise<Table> => {
  const pg = await startPostgres(SERVER)
  const demo = await startDemoProcess(['--cars', String(CARS), '--latency', '5'])
  const sql = postgres(pg.url, { max: 1, onnotice: () => {} })
  const env = { API_BASE_URL: demo.url, API_KEY: 'demo', DATABASE_URL: pg.url }
  const rounds: { alone: Told; page: Told; watched: Told; messages: number }[] = []
  const fresh = async (flags: readonly string[], onUrl?: (url: string) => void): Promise<Told> => {
    await dropEverything(sql)
    await sql.unsafe('checkpoint')
    let heard = ''
    const listen = (text: string): void => {
      heard += text
      const url = /Dashboard: (http:\S+)/.exec(heard)?.[1]
      if (url && onUrl) {
        onUrl(url)
        onUrl = undefined
      }
    }
    const before = process.cpuUsage()
    const measured = await runSync(env, ['--full', ...flags], { heard: listen })
    return { ...measured, ownCpuMs: ownCpuMs(before) }
  }
  try {
    for (let round = 1; round <= ROUNDS; round++) {
      const alone = await fresh([])
      const page = await fresh(['--dashboard'])
      let seen = { messages: () => 0 }
      const watched = await fresh(['--dashboard'], (url) => {
        seen = watchers(url, WATCHERS)
      })
      rounds.push({ alone, page, watched, messages: seen.messages() })
      console.error(
        `round ${round}: ${alone.summary.durationMs} ms alone, ${page.summary.durationMs} with a page, ${watched.summary.durationMs} watched; ${seen.messages()} messages`,
      )
    }
  } finally {
    demo.close()
    await sql.end()
    await pg.close()
  }
  const row = (what: string, which: 'alone' | 'page' | 'watched'): (string | number)[] => {
    const of = (value: (round: (typeof rounds)[number]) => number): number => median(rounds.map(value))
    return [
      what,
      thousands(of((round) => (CARS * 1000) / round[which].summary.durationMs)),
      ratio(of((round) => round.alone.summary.durationMs / round[which].summary.durationMs)),
      Math.round(of((round) => (round[which].cpuMs * 1000) / CARS)),
      ratio(of((round) => round[which].cpuMs / round.alone.cpuMs)),
      Math.round(of((round) => (round[which].ownCpuMs * 1000) / CARS)),
      of((round) => round[which].peakMb),
    ]
  }
  return {
    head: [
      'what',
      'cars/s',
      'of the sync alone',
      'CPU µs/car',
      'of the CPU alone',
      'CPU µs/car of the watchers',
      'peak MB',
    ],
    rows: [
      row('sync alone', 'alone'),
      row('with `--dashboard`, nobody watches', 'page'),
      row(`with \`--dashboard\` and ${WATCHERS} watchers`, 'watched'),
    ],
    notes: [
      `${thousands(CARS)} cars, first loads into Postgres, medians of ${ROUNDS} rounds, ratios within a round. CPU time is that of the sync's process, and of the process that the watchers share, which does little else; the source has no limit and answers after 5 ms. Source, database, sync and watchers share the machine. ${thousands(median(rounds.map(({ messages }) => messages)))} pictures reached the watchers in a run.`,
    ],
  }
}
