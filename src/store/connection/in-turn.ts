/**
 * Pieces of work one after the other, so that one connection does for all of them. A server maps its shared memory for every
 * connection anew, page by page: five that read the same table cost it three times as much as one.
 *
 * Sent behind each other without waiting for the answers they would be a little faster, but a pooler in transaction mode may not
 * bear it: when the answer to a statement comes while half of the next one is on its way, PgBouncer (1.18) takes the transaction
 * for over, hands the server's connection on, and both wait for ever.
 */

/** Runs work with a connection, and has it back when the work is over. */
export type Use<C> = <T>(work: (connection: C) => Promise<T>) => Promise<T>

/** Does what it is given in the order in which it was asked, each when the one before has ended, well or not. */
export const inTurn = <C>(use: Use<C>): Use<C> => {
  let last: Promise<unknown> = Promise.resolve()
  return (work) => {
    const mine = last.then(() => use(work))
    last = mine.catch(() => {})
    return mine
  }
}
