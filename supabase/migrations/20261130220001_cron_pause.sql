-- A function that refuses cron's calls (a wrong secret, one that is not deployed or not configured) is called less and less
-- often, and not every 15 seconds for ever. pg_net keeps what was answered for some hours. Runs twice without harm.

-- The last call of the edge function, and how many in a row were refused by then.
create table if not exists carsync.cron_call (
  source text primary key,
  request_id bigint not null,
  refused int not null,
  called_at timestamptz not null default clock_timestamp()
);
alter table carsync.cron_call enable row level security;

-- The status that was answered to a request of pg_net; null: none yet, none in time, or it cannot be read.
create or replace function carsync.answer_status(p_request_id bigint) returns int
language plpgsql stable set search_path = '' as $$
declare
  found int;
begin
  execute 'select status_code from net._http_response where id = $1' into found using p_request_id;
  return found;
exception when undefined_table or undefined_column or insufficient_privilege then
  return null;
end
$$;

-- What cron calls: asks the edge function to go on, only when work is due and nobody is at it. Answers what it did.
-- From the third refusal in a row on it waits, 30 seconds and then twice as long each time, up to five minutes: a worker that
-- is at the end of its life refuses as well (503), but not so often.
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
    if again_at > clock_timestamp() then
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

-- The owner of the schema, and nobody else, calls and reads these. Supabase grants to its roles by default.
do $$
declare
  api_role text;
begin
  execute 'revoke all on function carsync.answer_status(bigint) from public';
  execute 'revoke all on table carsync.cron_call from public';
  foreach api_role in array array['anon', 'authenticated', 'service_role'] loop
    if exists (select from pg_roles where rolname = api_role) then
      execute format('revoke all on function carsync.answer_status(bigint) from %I', api_role);
      execute format('revoke all on table carsync.cron_call from %I', api_role);
    end if;
  end loop;
end
$$;

insert into carsync.migrations (version, name) values ('20261130220001', 'cron_pause')
on conflict do nothing;
