/**
 * A stand-in for the extension pg_net, which cannot be had on a plain machine: `net.http_post` with its signature, which
 * queues, and a pump that sends what was queued after its transaction, as the extension's worker does.
 */
import type { Database } from '../../../src/store/database.ts'

const EXTENSION = `
  create schema if not exists net;
  create table if not exists net.stand_in_queue (
    id bigint generated always as identity primary key, url text, body jsonb, headers jsonb, timeout_milliseconds int);
  create table if not exists net._http_response (
    id bigint, status_code int, content text, timed_out bool, error_msg text, created timestamptz not null default now());
  create or replace function net.http_post(
    url text, body jsonb default '{}', params jsonb default '{}', headers jsonb default '{}', timeout_milliseconds int default 5000
  ) returns bigint language sql as $$
    insert into net.stand_in_queue (url, body, headers, timeout_milliseconds) values (url, body, headers, timeout_milliseconds)
    returning id
  $$;`

export const installPgNet = (db: Database): Promise<void> => db.transaction((session) => session.script(EXTENSION))

/** The extension waits as long as a call says. A busy machine may take longer to boot a worker than the platform does. */
const LEAST_PATIENCE_MS = 60_000

/** Sends what is queued; answers the statuses, 0 where nobody answered. */
export const pumpPgNet = async (db: Database): Promise<number[]> => {
  const queued = await db.query(
    'delete from net.stand_in_queue returning id::text, url, body::text, headers::text, timeout_milliseconds as ms',
  )
  const answers = await Promise.all(
    queued.map(({ url, body, headers, ms }) =>
      fetch(url, {
        method: 'POST',
        body,
        headers: JSON.parse(headers),
        signal: AbortSignal.timeout(Math.max(ms, LEAST_PATIENCE_MS)),
      }).then(
        async (answer) => {
          await answer.arrayBuffer()
          return answer.status
        },
        () => 0,
      ),
    ),
  )
  for (const [i, status] of answers.entries())
    await db.query('insert into net._http_response (id, status_code) values ($1::bigint, nullif($2::int, 0))', [
      queued[i]!.id,
      status,
    ])
  return answers
}
