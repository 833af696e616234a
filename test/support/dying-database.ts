/** A database whose user dies at a chosen step, as a process does: it hears of nothing any more, and does nothing more. */
import type { Database, Session } from '../../src/store/database.ts'

export type Death = {
  /** The database as the dying process sees it. */
  db: Database
  /** Resolves when the step was reached, and nothing of the process is under way any more. */
  dead: Promise<void>
  /** Whether it was reached by now. */
  isDead(): boolean
  /** Steps so far. */
  steps(): number
}

const NEVER = new Promise<never>(() => {})

/** How a transaction is told that its process is gone: the server rolls it back. */
class Gone extends Error {}

/**
 * Dies at the `at`-th step (from 1). Steps are statements and commits; each is there twice: `before` it reached the
 * database, and `after` it took effect but nobody heard of it. A transaction that was not committed is rolled back.
 */
export const dyingDatabase = (db: Database, at: number, when: 'before' | 'after'): Death => {
  let steps = 0
  let dead = false
  let underWay = 0
  const gone = Promise.withResolvers<void>()
  const die = (): void => {
    dead = true
  }
  const settle = (): void => {
    if (dead && underWay === 0) gone.resolve()
  }

  /** One step. Rejects with Gone inside a transaction that must be rolled back. */
  const step = async <T>(work: () => Promise<T>): Promise<T> => {
    if (dead) throw new Gone()
    const mine = ++steps === at
    if (mine && when === 'before') {
      die()
      throw new Gone()
    }
    const answer = await work()
    if (mine) die()
    if (dead) throw new Gone()
    return answer
  }

  const sessionOf = (session: Session): Session => ({
    query: (statement, params) => step(() => session.query(statement, params)),
    script: (statements) => step(() => session.script(statements)),
    copyIn: (target, parts) => step(() => session.copyIn(target, parts)),
    attempt: (work) => session.attempt((inner) => work(sessionOf(inner))),
  })

  /** What the process waits for; it never hears of the end when it is dead by then. */
  const heard = async <T>(work: () => Promise<T>): Promise<T> => {
    if (dead) return NEVER
    underWay++
    try {
      const answer = await work()
      return dead ? NEVER : answer
    } catch (error) {
      if (dead || error instanceof Gone) return NEVER
      throw error
    } finally {
      underWay--
      settle()
    }
  }

  return {
    db: {
      ...db,
      query: (statement, params) => heard(() => step(() => db.query(statement, params))),
      transaction: (work) =>
        heard(async () => {
          let mine = false
          const answer = await db.transaction(async (session) => {
            const result = await work({ ...sessionOf(session), lastly: session.lastly })
            // The commit is a step as well.
            if (dead) throw new Gone()
            mine = ++steps === at
            if (mine && when === 'before') {
              die()
              throw new Gone()
            }
            return result
          })
          if (mine) die()
          return answer
        }),
    },
    dead: gone.promise,
    isDead: () => dead,
    steps: () => steps,
  }
}
