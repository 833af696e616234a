-- What proves a sweep complete, what is missing from the source, and what a guard holds back. Runs twice without harm.

-- The completeness receipt: passes over the source, totals before and after, repeats, pages read again.
alter table carsync.runs add column if not exists receipt jsonb not null default '{}';
-- Where the source's records are not what they were known to be: what is new or different, and how often.
alter table carsync.runs add column if not exists drift jsonb not null default '{}';

-- Which stretches of the source's time are covered, by its own clock. A full sweep covers the instant at which it began;
-- what came before is of no interest then. An incremental run covers the stretch of which it has read all changes.
create table if not exists carsync.coverage (
  source text not null,
  from_at timestamptz not null,
  to_at timestamptz not null,
  kind text not null check (kind in ('full', 'incremental')),
  run_id uuid not null,
  primary key (source, from_at, to_at, kind)
);

-- Stored cars that a proven sweep did not see. `asked_at`: the source, asked for it by id, said that it is gone.
-- `exempt`: somebody brought it back by hand; it counts as there until it is seen again.
create table if not exists carsync.missing (
  source text not null,
  source_id text not null,
  absent_from uuid,
  since timestamptz not null default now(),
  asked_at timestamptz,
  exempt boolean not null default false,
  primary key (source, source_id)
);

-- Removals that are proven but so many that a person must look at them first.
create table if not exists carsync.held_removals (
  run_id uuid not null references carsync.runs on delete cascade,
  source text not null,
  source_id text not null,
  segment text not null,
  at timestamptz not null default now(),
  primary key (run_id, source_id)
);
create index if not exists held_removals_source on carsync.held_removals (source);

alter table carsync.coverage enable row level security;
alter table carsync.missing enable row level security;
alter table carsync.held_removals enable row level security;

insert into carsync.migrations (version, name) values ('20261125000000', 'proof_and_removal')
on conflict do nothing;
