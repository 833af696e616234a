/** Commits pages once, also when the answer to a commit is lost with its connection. */
import { type CommitContext, type CommitResult, commitPages, isCommitted, type PageCommit } from './commit-pages.ts'
import { isDuplicate } from './connection/retryable.ts'
import type { Again } from './connection/retrying.ts'
import type { Database } from './database.ts'

/** What these pages came to, if they are in the ledger: they are there together or not at all. */
const found = async (db: Database, runId: string, { pages }: PageCommit): Promise<CommitResult | null> => {
  const [first] = pages
  if (!first || (await isCommitted(db, runId, first)) === null) return null
  const counts = await Promise.all(pages.map((page) => isCommitted(db, runId, page)))
  return { pages: counts.map((each) => each ?? { inserted: 0, updated: 0, rejected: 0 }), repeated: false }
}

/**
 * Commits the pages, and tries again by `again` what passes. Before another try the ledger is asked whether the last one
 * took effect. It may do so even later, for the server can still be at it: then the ledger refuses the second one, which
 * had to wait for the first, and is asked again.
 */
export const commitSurely = (
  db: Database,
  again: Again,
  context: CommitContext,
  batch: PageCommit,
): Promise<CommitResult> => {
  let tries = 0
  return again(async () => {
    const isFirst = tries++ === 0
    const before = isFirst ? null : await found(db, context.runId, batch)
    if (before !== null) return before
    try {
      return await commitPages(db, context, batch)
    } catch (error) {
      const meanwhile = !isFirst && isDuplicate(error) ? await found(db, context.runId, batch) : null
      if (meanwhile === null) throw error
      return meanwhile
    }
  })
}
