-- Lets a reader of car_changes go on where it stopped without missing anything. Runs twice without harm.

-- Ids are given before a transaction commits, so a lower one may become visible after a higher one. The transaction's own
-- number tells which rows are settled: those of transactions before the oldest one that is still open.
alter table car_changes add column if not exists tx xid8 not null default pg_current_xact_id();
create index if not exists car_changes_tx on car_changes (source, tx, id);

-- Numbers of transactions mean something within one cluster only. Where a dump is restored into another, the rows up to
-- `last_id` came from elsewhere: all of them are settled, and what is written here comes after them.
create table if not exists carsync.change_eras (
  source text not null,
  last_id bigint not null,
  noticed_at timestamptz not null default now(),
  primary key (source, last_id)
);
alter table carsync.change_eras enable row level security;

-- A project may grant new tables to the roles of its API by default.
do $$
declare
  api_role text;
begin
  revoke all on carsync.change_eras from public;
  foreach api_role in array array['anon', 'authenticated', 'service_role'] loop
    if exists (select from pg_roles where rolname = api_role) then
      execute format('revoke all on carsync.change_eras from %I', api_role);
    end if;
  end loop;
end
$$;

insert into carsync.migrations (version, name) values ('20261125140000', 'change_cursor')
on conflict do nothing;
