-- What was dated in a time to come, by a clock of the database that has been set back since, keeps nothing from being done: no
-- lease, nothing that is due, no call of the edge function. Runs twice without harm.

-- The lease can be taken: nobody holds it, or the holder has given no sign of life for as long as it said. A sign further ahead
-- than that is none: a holder that lives gives the next one within a second.
create or replace function carsync.lease_free(p_source text) returns boolean
language sql volatile set search_path = '' as $$
  select not exists (
    select from carsync.lease l join carsync.heartbeat h using (source)
    where l.source = p_source and l.holder <> ''
      and h.at > clock_timestamp() - h.length_ms * interval '1 millisecond'
      and h.at <= clock_timestamp() + h.length_ms * interval '1 millisecond')
$$;

-- The one thing that is due for a source, or no row:
--   ordered      somebody asked for it
--   stopped      runs were stopped, and one is left open by a process that was killed or by a slice that was the last: all
--                that is wanted of it is its end, so that nobody takes it for one that is on
--   unfinished   a run was left by a process that was killed or has reached its limit; or it ended incomplete or failed
--                and has waited for as long as lies between two incremental runs
--   full         there is no complete sweep, or it began longer ago than `full_every`
--   incremental  the last run began longer ago than `incremental_every`
-- A full sweep that was left open comes before what only changed meanwhile, be that ordered or begun by hand: it would be
-- taken up by nobody until the next one is due. The settings `full_every` and `incremental_every` are intervals, or 'never'.
-- A run that began, or ended, in a time to come did so nobody knows when: it does not put off what is due.
create or replace function carsync.due(p_source text)
returns table (source text, mode text, fresh boolean, priority text[], reason text)
language plpgsql volatile set search_path = '' as $$
declare
  asked carsync.orders;
  latest carsync.runs;
  full_every text := carsync.setting('full_every', '24 hours');
  incremental_every text := carsync.setting('incremental_every', '15 minutes');
  retry_every interval := case when incremental_every = 'never' then '15 minutes' else incremental_every end;
  last_full timestamptz;
  last_start timestamptz;
  is_full_due boolean;
  -- As the program has it, which dates such runs back when it begins the next one.
  ahead timestamptz := clock_timestamp() + interval '1 minute';
begin
  select * into asked from carsync.orders o where o.source = p_source;
  if asked.mode = 'full' then
    return query select p_source, asked.mode, asked.fresh, asked.priority, 'ordered';
    return;
  end if;

  -- An older one is not taken up again: the next run marks it abandoned.
  select * into latest from carsync.runs r
  where r.source = p_source and r.mode = 'full' and r.status = 'running'
    and r.last_commit_at > clock_timestamp() - interval '6 hours'
    and not exists (select from carsync.runs later
                    where later.source = p_source and later.mode = 'full' and later.started_at > r.started_at)
  order by r.started_at desc limit 1;
  if latest.run_id is null then
    if asked.mode is not null then
      return query select p_source, asked.mode, asked.fresh, asked.priority, 'ordered';
      return;
    end if;
    select * into latest from carsync.runs r where r.source = p_source order by r.started_at desc limit 1;
  end if;

  if asked.mode is null and asked.stopped_at is not null then
    if latest.status = 'running' and latest.last_commit_at > clock_timestamp() - interval '6 hours' then
      return query select p_source, latest.mode, false, null::text[], 'stopped';
    end if;
    return;
  end if;

  select max(case when r.started_at <= ahead then r.started_at else '-infinity' end) into last_full from carsync.runs r
  where r.source = p_source and r.mode = 'full' and r.status = 'complete';
  is_full_due := last_full is null and not (full_every = 'never' and incremental_every = 'never')
    or full_every <> 'never' and last_full + full_every::interval <= clock_timestamp();

  if latest.status in ('running', 'incomplete', 'failed') then
    if latest.status <> 'running' and latest.finished_at <= ahead
       and latest.finished_at + retry_every > clock_timestamp() then
      -- Another mode would fail just so.
      return;
    end if;
    -- Where changes cannot be read for long, everything is.
    if not (latest.mode = 'incremental' and latest.status <> 'running' and is_full_due) then
      return query select p_source, latest.mode, false, null::text[], 'unfinished';
      return;
    end if;
  end if;

  if is_full_due then
    return query select p_source, 'full', false, null::text[], 'full';
    return;
  end if;

  select max(case when r.started_at <= ahead then r.started_at else '-infinity' end) into last_start
  from carsync.runs r where r.source = p_source and r.status = 'complete';
  if incremental_every <> 'never' and last_start + incremental_every::interval <= clock_timestamp() then
    return query select p_source, 'incremental', false, null::text[], 'incremental';
  end if;
end
$$;

-- What cron calls: asks the edge function to go on, only when work is due and nobody is at it. Answers what it did.
-- From the third refusal in a row on it waits, 30 seconds and then twice as long each time, up to five minutes: a worker that
-- is at the end of its life refuses as well (503), but not so often. A call in a time to come is waited for by nobody.
create or replace function carsync.tick() returns text
language plpgsql volatile set search_path = '' as $$
declare
  of_source text := carsync.setting('source', 'auctionsapi');
  url text;
  work record;
  last carsync.cron_call;
  status int;
  again_at timestamptz;
  called bigint;
begin
  select d.mode, d.reason into work from carsync.due(of_source) d;
  if work.mode is null then
    return 'nothing is due';
  end if;
  if not carsync.lease_free(of_source) then
    return 'somebody is at it';
  end if;
  url := carsync.secret('cars_sync_url');
  if url is null then
    return 'no address of the function is set: call carsync.schedule';
  end if;
  if to_regprocedure('net.http_post(text, jsonb, jsonb, jsonb, integer)') is null then
    return 'pg_net is not installed';
  end if;

  select * into last from carsync.cron_call c where c.source = of_source;
  status := carsync.answer_status(last.request_id);
  -- An answer that is not there tells nothing of what became of the call.
  last.refused := case when status >= 400 then last.refused + 1 when status is null then coalesce(last.refused, 0) else 0 end;
  if status >= 400 and last.refused >= 3 then
    again_at := last.called_at + least(15 * 2 ^ least(last.refused - 2, 5), 300) * interval '1 second';
    if again_at > clock_timestamp() and last.called_at <= clock_timestamp() then
      return format('the function has refused %s calls in a row, the last with %s: not called before %s UTC',
                    last.refused, status, to_char(again_at at time zone 'utc', 'HH24:MI:SS'));
    end if;
  end if;

  execute 'select net.http_post(url := $1, body := $2, params := ''{}'', headers := $3, timeout_milliseconds := 5000)'
    into called
    using url, '{"action":"tick"}'::jsonb,
          jsonb_build_object('content-type', 'application/json', 'x-sync-secret', carsync.secret('cars_sync_secret'));
  insert into carsync.cron_call (source, request_id, refused) values (of_source, called, last.refused)
  on conflict (source) do update
    set request_id = excluded.request_id, refused = excluded.refused, called_at = excluded.called_at;
  return format('asked for a %s run: %s', work.mode, work.reason);
end
$$;

-- A page that shows whether a process is at it believes no heartbeat of a time to come either. A view of that name that somebody
-- else has made is left alone.
do $$
declare
  overview regclass := to_regclass(format('%I.sync_overview', current_schema()));
begin
  if coalesce(obj_description(overview, 'pg_class'), '') like 'smart-cars-sync:%' then
    execute $view$
      create or replace view sync_overview as
        select source, run_id, status, phase, pages_done, pages_total,
               case when pages_total > 0 then least(1, pages_done / pages_total::double precision) end as done,
               cars_seen, cars_inserted, cars_updated, cars_unchanged, cars_rejected,
               round(cars_per_minute) as cars_per_minute,
               eta_low_ms * interval '1 ms' as eta_low, eta_high_ms * interval '1 ms' as eta_high, held_removals,
               -- A process that lives gives a sign of life every second.
               coalesce(status = 'running' and heartbeat_at > now() - interval '30 s' and heartbeat_at < now() + interval '30 s',
                        false) as is_live,
               heartbeat_at, updated_at
        from sync_progress
    $view$;
    -- To replace a view forgets whose rights it is seen with.
    if current_setting('server_version_num')::int >= 150000 then
      execute 'alter view sync_overview set (security_invoker = true)';
    end if;
  end if;
end
$$;

insert into carsync.migrations (version, name) values ('20261201000000', 'time_to_come')
on conflict do nothing;
