/** Which life of the database server this is. */
import type { Database } from './database.ts'

/**
 * When the server was started. Commits of pages are not waited for on its disk, so a crash takes the last moment's with it,
 * though they were answered: another instant here than before tells that this may have been.
 */
export const serverStartedAt = async (db: Database): Promise<string> => {
  const [server] = await db.query('select pg_postmaster_start_time()::text as at')
  return server!.at
}
