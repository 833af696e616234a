/** What was learned about a source's limits, kept per host and key so that the next run starts there. */
import type { Summary } from '../events.ts'
import type { Database } from './database.ts'
import type { Lease } from './lease.ts'
import type { Learned } from './store.ts'

/** `scope` names host and key without telling the key. */
export const readLearned = async (db: Database, scope: string): Promise<Learned | null> => {
  const [row] = await db.query(
    `select learned::text, (extract(epoch from learned_at) * 1000)::float8 as at from carsync.limits where scope = $1`,
    [scope],
  )
  if (!row) return null
  const learned = JSON.parse(row.learned) as Omit<Learned, 'learnedAt'>
  return { ...learned, pace: learned.pace ?? null, learnedAt: row.at }
}

/**
 * Keeps it for the next run, and shows it with the run that is on. Nothing is kept of a holder whose lease went to
 * another: that one knows better.
 */
export const saveLearned = async (
  db: Database,
  lease: Lease,
  scope: string,
  learned: Omit<Learned, 'learnedAt'>,
  run: { runId: string; shown: Summary['learned'] },
): Promise<void> => {
  await db.query(
    `with ours as (select 1 from carsync.lease where source = $5 and fence = $6 and holder = $7 for share),
          shown as (update carsync.runs set learned = $3::text::jsonb where run_id = $4::text::uuid and exists (select from ours))
     insert into carsync.limits (scope, learned) select $1, $2::text::jsonb from ours
     on conflict (scope) do update set learned = excluded.learned, learned_at = now()`,
    [scope, JSON.stringify(learned), JSON.stringify(run.shown), run.runId, lease.source, lease.fence, lease.holder],
  )
}
