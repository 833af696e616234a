-- A full sweep is due though changes cannot be read, and changes wait for a full sweep that is on. Runs twice without harm.

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

  select max(r.started_at) into last_full from carsync.runs r
  where r.source = p_source and r.mode = 'full' and r.status = 'complete';
  is_full_due := last_full is null and not (full_every = 'never' and incremental_every = 'never')
    or full_every <> 'never' and last_full + full_every::interval <= clock_timestamp();

  if latest.status in ('running', 'incomplete', 'failed') then
    if latest.status <> 'running' and latest.finished_at + retry_every > clock_timestamp() then
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

  select max(r.started_at) into last_start from carsync.runs r where r.source = p_source and r.status = 'complete';
  if incremental_every <> 'never' and last_start + incremental_every::interval <= clock_timestamp() then
    return query select p_source, 'incremental', false, null::text[], 'incremental';
  end if;
end
$$;

insert into carsync.migrations (version, name) values ('20261130110000', 'due_full')
on conflict do nothing;
