-- What somebody should be told of, and whether they have been. Runs twice without harm.

-- One row a concern, from when it was first seen until it is settled. The body is what is sent, and stays as it is, so that
-- every attempt sends the same under the same id. `next_try_at` is also the claim of whoever is sending it: nobody else
-- takes it before then. Null: it is not to be sent, for there was no webhook.
create table if not exists carsync.alerts (
  id uuid primary key,
  source text not null,
  kind text not null,
  weight text not null check (weight in ('fault', 'notice')),
  message text not null,
  body text not null,
  opened_at timestamptz not null default now(),
  resolved_at timestamptz,
  attempts int not null default 0,
  next_try_at timestamptz,
  delivered_at timestamptz,
  -- Why the last attempt came to nothing.
  fault text
);
create unique index if not exists alerts_open on carsync.alerts (source, kind) where resolved_at is null;
create index if not exists alerts_unsent on carsync.alerts (source, next_try_at) where delivered_at is null;
create index if not exists alerts_source on carsync.alerts (source, opened_at desc);
alter table carsync.alerts enable row level security;

-- A project may grant new tables to the roles of its API by default.
do $$
declare
  api_role text;
begin
  revoke all on carsync.alerts from public;
  foreach api_role in array array['anon', 'authenticated', 'service_role'] loop
    if exists (select from pg_roles where rolname = api_role) then
      execute format('revoke all on carsync.alerts from %I', api_role);
    end if;
  end loop;
end
$$;

insert into carsync.migrations (version, name) values ('20261125150000', 'alerts')
on conflict do nothing;
