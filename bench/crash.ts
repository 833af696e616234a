/**
 * SIGKILL at seeded instants over the whole life of the command, on Postgres and on the embedded database. It measures
 * nothing that depends on the speed of the machine.
 */
import { createDatabase } from '../test/support/create-database.ts'
import { killMatrix, killsOf, type Matrix, type MatrixSettings } from '../test/support/kill-matrix.ts'
import { STAGES } from '../test/support/lives.ts'
import { startPostgres } from '../test/support/postgres.ts'
import type { Table } from './table.ts'

const KILLS = Number(process.env.BENCH_KILLS ?? 200)
const SEED = Number(process.env.BENCH_SEED ?? 1)
const CARS = 2000
const PAGE = 50

/** Makes empty databases of the cluster, one after the other. */
const urlsOf = (clusterUrl: string): (() => Promise<string>) => {
  let count = 0
  return () => createDatabase(clusterUrl, `crash_${++count}`)
}

const rowOf = (name: string, matrix: Matrix): (string | number)[] => [
  name,
  killsOf(matrix),
  ...STAGES.map((stage) => matrix.killedIn[stage]),
  `${matrix.databases} by ${matrix.processes}`,
  matrix.carsLost,
  matrix.carsWrong + matrix.rejectsWrong,
  matrix.committedAgain,
  matrix.fetchedAgain,
  matrix.underWay,
  matrix.mostUnderWay,
  matrix.mostAgain,
  matrix.complaints.length,
]

export const crash = async (): Promise<Table> => {
  const pg = await startPostgres()
  const kill = (name: string, newUrl: MatrixSettings['newUrl']) =>
    killMatrix({
      kills: KILLS,
      seed: SEED,
      cars: CARS,
      pageSize: PAGE,
      newUrl,
      tell: (line) => console.error(`${name} ${line}`),
    })
  try {
    const [onPostgres, embedded] = await Promise.all([kill('Postgres', urlsOf(pg.url)), kill('embedded', null)])
    return {
      head: [
        'database',
        'instants',
        ...STAGES,
        'runs by processes',
        'cars lost',
        'wrong',
        'committed, yet asked again',
        'pages fetched again',
        'bound',
        'under way at most',
        'one page again at most',
        'ended otherwise',
      ],
      rows: [rowOf('Postgres', onPostgres), rowOf('embedded', embedded)],
      notes: [
        `Seed ${SEED}, ${CARS} cars in pages of ${PAGE}, two at a time, 5% of the records dirty; both databases at once on one machine. Each database is killed until a process comes to its own end, and then compared, car by car and reject by reject, with an undisturbed run. The bound is the number of pages that were under way, asked for and not committed, when a process was killed.`,
        ...[...onPostgres.complaints, ...embedded.complaints],
      ],
    }
  } finally {
    await pg.close()
  }
}
