/** Many kills on many databases, and what was lost, wrong or fetched again in the end. */
import { cpSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { randomStream } from '../../demo/random.ts'
import { openDatabase } from '../../src/node.ts'
import type { Plan } from '../../src/run/plan.ts'
import type { Database } from '../../src/store/database.ts'
import { placeEmbedded } from './embedded.ts'
import { type Instant, type Life, live, STAGES, type Stage } from './lives.ts'
import { lineOfEachCar, openRejects } from './stored.ts'
import { pageKey, type WatchedSource, watchedSource } from './watched-source.ts'

export type MatrixSettings = {
  kills: number
  seed: number
  cars: number
  pageSize: number
  /** A new, empty Postgres database; null: the embedded one in a folder of its own. */
  newUrl: (() => Promise<string>) | null
  /** A sentence for each kill. */
  tell?(line: string): void
}

export type Matrix = {
  killedIn: Record<Stage, number>
  /** Databases that were brought to a complete run, and processes that it took. */
  databases: number
  processes: number
  carsLost: number
  /** Stored otherwise than by an undisturbed run, or not to be there at all. */
  carsWrong: number
  rejectsWrong: number
  /** Pages asked for again though they were committed. */
  committedAgain: number
  /** Pages of a run that a process asked for though an earlier one had. */
  fetchedAgain: number
  /** Pages that one process asked for a second time, being overdue. */
  askedTwice: number
  /** The most processes beyond the first that asked for one page of one run. */
  mostAgain: number
  /** Pages that were under way (asked for, not committed) when a process was killed: in all, and at most. */
  underWay: number
  mostUnderWay: number
  /** What went otherwise than promised, one sentence each. */
  complaints: string[]
}

/** Share of the kills that is aimed at each stage. */
const AIM: readonly [Stage, number][] = [
  ['starting', 0.12],
  ['planning', 0.1],
  ['sweeping', 0.54],
  ['checking', 0.1],
  ['ending', 0.14],
]

/** Seeded instants, each stage's own spread evenly over its length, in random order. */
export const instantsOf = (kills: number, seed: number): Instant[] => {
  const random = randomStream(seed)
  const all = AIM.flatMap(([stage, part]) => {
    const n = Math.max(1, Math.round(kills * part))
    return Array.from({ length: n }, (_, i) => ({ stage, share: (i + random()) / n, key: random() }))
  })
  const shuffled = all.sort((a, b) => a.key - b.key)
  return shuffled.slice(0, kills).map(({ stage, share }) => ({ stage, share }))
}

type End = {
  cars: Map<string, string>
  rejects: string
  ledger: { runId: string; key: string; readAt: number }[]
  runs: string
}

const endOf = async (db: Database): Promise<End> => {
  const runs = await db.query('select run_id::text, status, plan::text from carsync.runs order by started_at')
  const plans = new Map(runs.map((run) => [run.run_id as string, JSON.parse(run.plan) as Plan]))
  const pages = await db.query(
    `select run_id::text, segment, page_size, page, (extract(epoch from read_at) * 1000)::float8 as at
     from carsync.pages where segment <> 'changes'`,
  )
  return {
    cars: await lineOfEachCar(db),
    rejects: JSON.stringify(await openRejects(db)),
    ledger: pages.map((row) => {
      const { filter } = plans.get(row.run_id)!.segments.find(({ name }) => name === row.segment)!
      return { runId: row.run_id, key: pageKey(filter, row.page_size, row.page), readAt: row.at }
    }),
    runs: runs.map(({ status }) => status).join(),
  }
}

/** Adds to `matrix` what the lives of one database came to. */
const account = (matrix: Matrix, lives: readonly Life[], end: End, wanted: End): void => {
  for (const [id, line] of wanted.cars) {
    if (!end.cars.has(id)) matrix.carsLost++
    else if (end.cars.get(id) !== line) matrix.carsWrong++
  }
  for (const id of end.cars.keys()) if (!wanted.cars.has(id)) matrix.carsWrong++
  if (end.rejects !== wanted.rejects) matrix.rejectsWrong++
  if (/[^complet,]/.test(end.runs)) matrix.complaints.push(`The runs ended ${end.runs}`)

  const asked = new Map<string, number>()
  const committed = new Set<string>()
  for (const life of lives) {
    const own = new Set<string>()
    for (const { runId, key, readAt } of end.ledger)
      if (runId === life.runId && readAt >= life.startedAt && readAt <= life.endedAt) own.add(`${runId} ${key}`)
    // A process may ask twice for a page that is overdue at the end of a sweep: that is no kill's doing.
    const pages = new Set(life.pages.map((key) => `${life.runId} ${key}`))
    matrix.askedTwice += life.pages.length - pages.size
    for (const page of pages) {
      if (committed.has(page)) matrix.committedAgain++
      const before = asked.get(page) ?? 0
      asked.set(page, before + 1)
      if (before > 0) matrix.fetchedAgain++
      matrix.mostAgain = Math.max(matrix.mostAgain, before)
    }
    for (const page of own) committed.add(page)
    if (life.killedIn === null) continue
    const underWay = [...pages].filter((page) => !own.has(page)).length
    matrix.underWay += underWay
    matrix.mostUnderWay = Math.max(matrix.mostUnderWay, underWay)
  }
}

const startSource = (cars: number, pageSize: number): Promise<WatchedSource> =>
  watchedSource({
    cars,
    maxPageSize: pageSize,
    dirty: 0.05,
    latencyMs: 20,
    latencyJitterMs: 30,
    clockAt: Date.UTC(2026, 8, 1),
  })

const emptyMatrix = (): Matrix => ({
  killedIn: { starting: 0, planning: 0, sweeping: 0, checking: 0, ending: 0 },
  databases: 0,
  processes: 0,
  carsLost: 0,
  carsWrong: 0,
  rejectsWrong: 0,
  committedAgain: 0,
  fetchedAgain: 0,
  askedTwice: 0,
  mostAgain: 0,
  underWay: 0,
  mostUnderWay: 0,
  complaints: [],
})

export const killsOf = ({ killedIn }: Matrix): number => STAGES.reduce((sum, stage) => sum + killedIn[stage], 0)

/** Each database is brought to its end, then the next is begun, on two lanes, until so many kills have hit. */
export const killMatrix = async (settings: MatrixSettings): Promise<Matrix> => {
  const { kills, seed, cars, pageSize, newUrl, tell = () => {} } = settings
  const matrix = emptyMatrix()
  const template = mkdtempSync(join(tmpdir(), 'carsync-kill-'))
  const lanes = await Promise.all([startSource(cars, pageSize), startSource(cars, pageSize)])
  const instants = instantsOf(kills, seed)
  try {
    if (newUrl === null) await placeEmbedded(folderIn(template))
    // On a copy, as most are: the time that making a database takes would aim kills far behind the start.
    const wanted = await liveOn(lanes[0]!, newUrl, newUrl === null ? template : null, () => null, {})
    if (wanted.end === null) throw new Error(`The undisturbed run: ${wanted.complaint}`)
    const usualMs = wanted.lives[0]!.stagesMs
    tell(`undisturbed: ${STAGES.map((stage) => `${stage} ${Math.round(usualMs[stage] ?? 0)} ms`).join(', ')}`)
    const work = async (source: WatchedSource): Promise<void> => {
      for (let given: Instant | undefined = instants.shift(); given; given = instants.shift()) {
        const used: Instant[] = []
        // What was planned once is not planned again: a kill that is aimed at that waits for another database.
        const next = (isPlanned: boolean): Instant | null => {
          const at = instants.findIndex(({ stage }) => !isPlanned || stage !== 'planning')
          const instant = used.length === 0 ? given : at < 0 ? null : instants.splice(at, 1)[0]
          if (instant) used.push(instant)
          return instant ?? null
        }
        // Most begin on a copy: making an embedded database takes longer than all that follows.
        const copied = matrix.databases++ % 8 > 0 && newUrl === null ? template : null
        const { lives, end, complaint } = await liveOn(source, newUrl, copied, next, usualMs)
        matrix.processes += lives.length
        let missed = used.length
        for (const { killedIn } of lives)
          if (killedIn !== null) {
            matrix.killedIn[killedIn]++
            missed--
          }
        // An instant that came after the end of its process is put at the end of the list, a little earlier.
        if (missed > 0) instants.push({ ...used.at(-1)!, share: used.at(-1)!.share * 0.8 })
        if (complaint !== null) matrix.complaints.push(complaint)
        if (end !== null) account(matrix, lives, end, wanted.end!)
        tell(`killed ${lives.map((life) => life.killedIn ?? 'not').join(', ')}${complaint ? `: ${complaint}` : ''}`)
      }
    }
    await Promise.all(lanes.map(work))
  } finally {
    for (const lane of lanes) await lane.close()
    rmSync(template, { recursive: true, force: true })
  }
  return matrix
}

const folderIn = (cwd: string): string => join(cwd, '.carsync', 'db')

/** Lives on one new database (`copied`: a copy of this embedded one) until one of them comes to its own end. */
const liveOn = async (
  source: WatchedSource,
  newUrl: MatrixSettings['newUrl'],
  copied: string | null,
  nextInstant: (isPlanned: boolean) => Instant | null,
  usualMs: Life['stagesMs'],
): Promise<{ lives: Life[]; end: End | null; complaint: string | null }> => {
  const cwd = mkdtempSync(join(tmpdir(), 'carsync-kill-'))
  const lives: Life[] = []
  try {
    if (copied !== null) cpSync(copied, cwd, { recursive: true })
    const databaseUrl = newUrl === null ? null : await newUrl()
    const env: Record<string, string> = databaseUrl === null ? {} : { DATABASE_URL: databaseUrl }
    for (;;) {
      const isPlanned = lives.some(({ killedIn }) => killedIn !== 'starting' && killedIn !== 'planning')
      const life = await live(source, env, cwd, nextInstant(isPlanned), usualMs)
      lives.push(life)
      if (life.killedIn !== null) continue
      const { code, stderr } = life.ended
      if (code === 0) break
      const kills = lives.map(({ killedIn }) => killedIn ?? 'not').join(', ')
      return { lives, end: null, complaint: `a process ended with ${code}; killed: ${kills}.\n${stderr}` }
    }
    const db = await openDatabase({ databaseUrl }, { embeddedFolder: folderIn(cwd) })
    try {
      return { lives, end: await endOf(db), complaint: null }
    } finally {
      await db.close()
    }
  } finally {
    rmSync(cwd, { recursive: true, force: true })
  }
}
