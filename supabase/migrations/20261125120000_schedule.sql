-- When a sync is due, and how the database calls the edge function that runs it. Runs twice without harm; on a Postgres
-- without pg_cron and pg_net everything is there but the calls.

-- What somebody asked for. A row with a mode is an order that no run has planned yet; `stopped_at`: runs have been stopped,
-- and nothing is due until a new order.
create table if not exists carsync.orders (
  source text primary key,
  mode text check (mode in ('full', 'incremental')),
  fresh boolean not null default false,
  priority text[],
  ordered_at timestamptz not null default now(),
  stopped_at timestamptz
);
alter table carsync.orders enable row level security;

-- A setting, or what it is where it was never set.
create or replace function carsync.setting(p_name text, p_default text) returns text
language sql stable set search_path = '' as $$
  select coalesce((select value from carsync.settings where name = p_name), p_default)
$$;

-- The lease can be taken: nobody holds it, or the holder has given no sign of life for as long as it said.
create or replace function carsync.lease_free(p_source text) returns boolean
language sql volatile set search_path = '' as $$
  select not exists (
    select from carsync.lease l join carsync.heartbeat h using (source)
    where l.source = p_source and l.holder <> ''
      and h.at + h.length_ms * interval '1 millisecond' > clock_timestamp())
$$;

-- The one thing that is due for a source, or no row:
--   ordered      somebody asked for it
--   unfinished   a run was left by a process that was killed or has reached its limit; or it ended incomplete or failed
--                and has waited for as long as lies between two incremental runs
--   full         there is no complete sweep, or it began longer ago than `full_every`
--   incremental  the last run began longer ago than `incremental_every`
-- The settings `full_every` and `incremental_every` are intervals, or 'never'.
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
begin
  select * into asked from carsync.orders o where o.source = p_source;
  if asked.mode is not null then
    return query select p_source, asked.mode, asked.fresh, asked.priority, 'ordered';
    return;
  end if;
  if asked.stopped_at is not null then
    return;
  end if;

  select * into latest from carsync.runs r where r.source = p_source order by r.started_at desc limit 1;
  if latest.status in ('running', 'incomplete', 'failed') then
    if latest.status = 'running' or latest.finished_at is null
       or latest.finished_at + retry_every <= clock_timestamp() then
      return query select p_source, latest.mode, false, null::text[], 'unfinished';
    end if;
    -- Another mode would fail just so.
    return;
  end if;

  select max(r.started_at) into last_full from carsync.runs r
  where r.source = p_source and r.mode = 'full' and r.status = 'complete';
  if last_full is null and not (full_every = 'never' and incremental_every = 'never')
     or full_every <> 'never' and last_full + full_every::interval <= clock_timestamp() then
    return query select p_source, 'full', false, null::text[], 'full';
    return;
  end if;

  select max(r.started_at) into last_start from carsync.runs r where r.source = p_source and r.status = 'complete';
  if incremental_every <> 'never' and last_start + incremental_every::interval <= clock_timestamp() then
    return query select p_source, 'incremental', false, null::text[], 'incremental';
  end if;
end
$$;

-- A secret from Supabase's Vault where it is there, else from the settings, which no role of the API can read.
create or replace function carsync.secret(p_name text) returns text
language plpgsql stable set search_path = '' as $$
declare
  found text;
begin
  if to_regclass('vault.decrypted_secrets') is not null then
    execute 'select decrypted_secret from vault.decrypted_secrets where name = $1' into found using p_name;
  end if;
  return coalesce(found, carsync.setting(p_name, null));
end
$$;

-- Keeps a secret where `carsync.secret` finds it; null forgets it.
create or replace function carsync.keep_secret(p_name text, p_value text) returns void
language plpgsql volatile set search_path = '' as $$
declare
  kept uuid;
begin
  if to_regclass('vault.secrets') is not null then
    execute 'select id from vault.secrets where name = $1' into kept using p_name;
    if p_value is null then
      execute 'delete from vault.secrets where id = $1' using kept;
    elsif kept is null then
      execute 'select vault.create_secret($1, $2, $3)' using p_value, p_name, 'smart-cars-sync';
    else
      execute 'select vault.update_secret($1, $2)' using kept, p_value;
    end if;
  elsif p_value is null then
    delete from carsync.settings where name = p_name;
  else
    insert into carsync.settings (name, value) values (p_name, p_value)
    on conflict (name) do update set value = excluded.value;
  end if;
end
$$;

-- What cron calls: asks the edge function to go on, only when work is due and nobody is at it. Answers what it did.
create or replace function carsync.tick() returns text
language plpgsql volatile set search_path = '' as $$
declare
  of_source text := carsync.setting('source', 'auctionsapi');
  url text;
  work record;
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
  execute 'select net.http_post(url := $1, body := $2, params := ''{}'', headers := $3, timeout_milliseconds := 5000)'
    using url, '{"action":"tick"}'::jsonb,
          jsonb_build_object('content-type', 'application/json', 'x-sync-secret', carsync.secret('cars_sync_secret'));
  return format('asked for a %s run: %s', work.mode, work.reason);
end
$$;

-- Has cron call `tick`: every 15 seconds, or every minute where pg_cron is older than 1.5. Answers what was scheduled. Called
-- again it changes what is given: the address of the function, its secret, how often ('15 minutes', '24 hours', 'never'), and
-- under which name the cars are stored.
create or replace function carsync.schedule(
  function_url text default null,
  sync_secret text default null,
  incremental_every text default null,
  full_every text default null,
  source text default null
) returns text
language plpgsql volatile set search_path = '' as $$
declare
  given record;
  pace text;
begin
  for given in select * from (values
      ('incremental_every', incremental_every), ('full_every', full_every), ('source', source)) as g (name, value)
  loop
    if given.value is null then
      continue;
    end if;
    if given.name like '%_every' and given.value <> 'never' and given.value::interval < interval '1 minute' then
      raise exception '% must be at least a minute, or never; got %', given.name, given.value;
    end if;
    insert into carsync.settings (name, value) values (given.name, given.value)
    on conflict (name) do update set value = excluded.value;
  end loop;
  if function_url is not null then
    if function_url !~ '^https?://' then
      raise exception 'function_url must be an address such as https://<project>.supabase.co/functions/v1/cars-sync; got %', function_url;
    end if;
    perform carsync.keep_secret('cars_sync_url', function_url);
  end if;
  if sync_secret is not null then
    perform carsync.keep_secret('cars_sync_secret', sync_secret);
  end if;

  if to_regprocedure('cron.schedule(text, text, text)') is null then
    return 'pg_cron is not installed: enable it and call carsync.schedule() again, or have something else call carsync.tick()';
  end if;
  begin
    execute 'select cron.schedule($1, $2, $3)' using 'cars-sync', '15 seconds', 'select carsync.tick()';
    pace := 'every 15 seconds';
  exception when others then
    -- pg_cron before 1.5 does not know seconds.
    execute 'select cron.schedule($1, $2, $3)' using 'cars-sync', '* * * * *', 'select carsync.tick()';
    pace := 'every minute';
  end;
  execute 'select cron.schedule($1, $2, $3)' using 'cars-sync-prune', '17 3 * * *',
    'delete from cron.job_run_details d using cron.job j where j.jobid = d.jobid and j.jobname like ''cars-sync%'' and d.end_time < now() - interval ''2 days''';
  return format('looks %s; incremental every %s, full every %s', pace,
                carsync.setting('incremental_every', '15 minutes'), carsync.setting('full_every', '24 hours'));
end
$$;

-- Cron calls no more. Orders that are given by hand are still carried out by the function.
create or replace function carsync.unschedule() returns text
language plpgsql volatile set search_path = '' as $$
declare
  jobs bigint := 0;
begin
  if to_regclass('cron.job') is null then
    return 'pg_cron is not installed: nothing was scheduled';
  end if;
  execute 'select count(cron.unschedule(jobid)) from cron.job where jobname in (''cars-sync'', ''cars-sync-prune'')' into jobs;
  return case when jobs > 0 then 'unscheduled' else 'nothing was scheduled' end;
end
$$;

-- The owner of the schema, and nobody else, calls these. Supabase grants functions to its roles by default.
do $$
declare
  api_role text;
begin
  execute 'revoke all on all functions in schema carsync from public';
  execute 'revoke all on all tables in schema carsync from public';
  foreach api_role in array array['anon', 'authenticated', 'service_role'] loop
    if exists (select from pg_roles where rolname = api_role) then
      execute format('revoke all on schema carsync from %I', api_role);
      execute format('revoke all on all functions in schema carsync from %I', api_role);
      execute format('revoke all on all tables in schema carsync from %I', api_role);
    end if;
  end loop;
end
$$;

-- A project that grants everything by default has given the service role more than to read.
do $$
declare
  read_model text;
begin
  if exists (select from pg_roles where rolname = 'service_role') then
    foreach read_model in array array['cars', 'car_changes', 'sync_progress'] loop
      execute format('revoke all on table %I from service_role', read_model);
      execute format('grant select on table %I to service_role', read_model);
    end loop;
  end if;
end
$$;

-- A live page hears of progress by Realtime, where that is there. The listings are never published: a sweep would flood it.
do $$
begin
  if exists (select from pg_publication where pubname = 'supabase_realtime' and not puballtables)
     and not exists (select from pg_publication_tables where pubname = 'supabase_realtime'
                     and schemaname = current_schema() and tablename = 'sync_progress') then
    execute format('alter publication supabase_realtime add table %I.sync_progress', current_schema());
  end if;
exception when insufficient_privilege then
  raise notice 'sync_progress was not added to Realtime: the publication belongs to somebody else';
end
$$;

-- Both extensions come with Supabase and must only be switched on; elsewhere they may be missing, or not ours to make.
do $$
declare
  extension text;
begin
  foreach extension in array array['pg_cron', 'pg_net'] loop
    if exists (select from pg_available_extensions where name = extension) then
      begin
        execute format('create extension if not exists %I', extension);
      exception when others then
        raise notice '% was not switched on: %', extension, sqlerrm;
      end;
    end if;
  end loop;
end
$$;

insert into carsync.migrations (version, name) values ('20261125120000', 'schedule')
on conflict do nothing;
