/** One life of the real command after another on one database, each ended by SIGKILL at an instant of its own. */
import { type Ended, spawnSync } from './spawn-sync.ts'
import type { WatchedSource } from './watched-source.ts'

/**
 * What a process was at, as seen from outside: by the lines it printed and by what it asked of the source. It is `ending`
 * once it was told the total that it checks against.
 */
export const STAGES = ['starting', 'planning', 'sweeping', 'checking', 'ending'] as const
export type Stage = (typeof STAGES)[number]

/** So much of the time that a stage usually takes after its beginning. */
export type Instant = { stage: Stage; share: number }

export type Life = {
  /** Where the kill hit it; null: it came to its own end. */
  killedIn: Stage | null
  /** Milliseconds from its start to its end, and since 1970 at both. */
  startedAt: number
  endedAt: number
  /** How long it was in each stage that it reached, ms. */
  stagesMs: Partial<Record<Stage, number>>
  runId: string | null
  resumed: boolean
  /** The pages it asked for, as served. */
  pages: string[]
  ended: Ended
}

/** A kill that is aimed at the sweep hits it while one of the first so many pages of the process is under way, ms. */
const PAGES = 8
const PAGE_MS = 40

/** Planning is over in a moment: a kill that is aimed at it comes while the source owes the answer to one of its first questions. */
const QUESTIONS = 6
const HELD_MS = 20

const FLAGS = ['--verbose', '--max-concurrency', '2']
const BEGUN = /^(Starting|Resuming) the \w+ run (\S+) of/m

/** Lets the command live, until `instant` or to its end. `usualMs`: how long the stages took an undisturbed one. */
export const live = async (
  source: WatchedSource,
  env: Record<string, string>,
  cwd: string,
  instant: Instant | null,
  usualMs: Life['stagesMs'],
): Promise<Life> => {
  const startedAt = performance.timeOrigin + performance.now()
  const began: Partial<Record<Stage, number>> = {}
  const pages: string[] = []
  let questions = 0
  let stage: Stage = 'starting'
  let timer: NodeJS.Timeout | undefined
  const enter = (next: Stage): void => {
    if (STAGES.indexOf(next) < STAGES.indexOf(stage)) return
    stage = next
    began[next] ??= performance.now()
    // A stage that is passed too fast to be seen must not let the process go free.
    if (instant === null || STAGES.indexOf(next) < STAGES.indexOf(instant.stage)) return
    if ((instant.stage === 'sweeping' || instant.stage === 'planning') && next === instant.stage) return
    killIn(instant.share * (usualMs[instant.stage] ?? 0))
  }
  const killIn = (ms: number): void => {
    timer ??= setTimeout(() => child.kill('SIGKILL'), ms)
  }
  const { child, ended } = spawnSync({ API_BASE_URL: source.url, API_KEY: 'canary-key', ...env }, cwd, FLAGS)
  let lines = ''
  child.stderr!.on('data', (text: string) => {
    lines += text
    if (stage === 'starting' && BEGUN.test(lines)) enter('planning')
    if (stage === 'planning' && /^Planned:/m.test(lines)) enter('sweeping')
  })
  source.watch({
    asked: (what) => {
      if (what.kind === 'page') {
        pages.push(what.key)
        // By pages, not by time: who goes on with a run has fewer left.
        if (instant?.stage === 'sweeping' && pages.length > instant.share * PAGES) killIn(instant.share * PAGE_MS)
      } else if (stage === 'starting' || stage === 'planning') {
        // It asks for the plan, though its line may still be under way to us.
        enter('planning')
        if (instant?.stage !== 'planning' || ++questions <= instant.share * QUESTIONS) return
        source.pause()
        killIn(HELD_MS)
      } else if (stage === 'sweeping') {
        // The check takes no time to speak of: its answer is held back, so that a kill can meet it.
        if (instant?.stage === 'checking') source.pause()
        enter('checking')
      }
    },
    answered: (what) => {
      if (what.kind === 'total' && stage === 'checking') enter('ending')
    },
  })
  enter('starting')
  const how = await ended
  clearTimeout(timer)
  source.resume()
  const over = performance.now()
  const stagesMs: Life['stagesMs'] = {}
  let until = over
  for (const each of [...STAGES].reverse()) {
    if (began[each] === undefined) continue
    stagesMs[each] = until - began[each]
    until = began[each]
  }
  const begun = BEGUN.exec(lines)
  return {
    killedIn: how.signal === 'SIGKILL' ? stage : null,
    startedAt,
    endedAt: performance.timeOrigin + over,
    stagesMs,
    runId: begun?.[2] ?? null,
    resumed: begun?.[1] === 'Resuming',
    pages,
    ended: how,
  }
}
