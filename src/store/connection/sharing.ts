/**
 * Several pieces of work at once over one connection, each sent behind the other without waiting for its answer. A server maps its
 * shared memory for every connection anew, page by page: five that read the same table cost it three times as much as one.
 */

/** Runs work with a connection, and has it back when the work is over. */
export type Use<C> = <T>(work: (connection: C) => Promise<T>) => Promise<T>

type Shared<C> = { connection: Promise<C>; users: number; failure: unknown; giveBack(failure: unknown): void }

const take = <C>(use: Use<C>): Shared<C> => {
  const taken = Promise.withResolvers<C>()
  const over = Promise.withResolvers<void>()
  // Nobody waits for it where no connection was had.
  over.promise.catch(() => {})
  use(async (connection) => {
    taken.resolve(connection)
    await over.promise
  }).catch(taken.reject)
  return {
    connection: taken.promise,
    users: 0,
    failure: null,
    giveBack: (failure) => (failure === null ? over.resolve() : over.reject(failure)),
  }
}

/**
 * Shares the connection that `use` gives among all work that overlaps. Rejects as `use` or the work does; what comes after a
 * failure gets another connection.
 */
export const sharing = <C>(use: Use<C>): Use<C> => {
  let current: Shared<C> | null = null
  return async (work) => {
    current ??= take(use)
    const mine = current
    mine.users++
    try {
      return await work(await mine.connection)
    } catch (error) {
      mine.failure ??= error
      if (current === mine) current = null
      throw error
    } finally {
      mine.users--
      if (mine.users === 0) {
        if (current === mine) current = null
        mine.giveBack(mine.failure)
      }
    }
  }
}
