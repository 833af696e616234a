-- What the sync itself keeps, in a schema of its own that is not exposed. Runs twice without harm.

create schema if not exists carsync;
comment on schema carsync is 'smart-cars-sync: state of the sync, not for readers';

create table if not exists carsync.migrations (
  version text primary key,
  name text not null,
  applied_at timestamptz not null default now()
);

create table if not exists carsync.settings (
  name text primary key,
  value text not null
);

-- One writer a source. The row changes only when the lease is taken or released; the sign of life is a table of its
-- own, so that heartbeats and commits never wait for each other. An empty holder means that the lease is free.
create table if not exists carsync.lease (
  source text primary key,
  fence bigint not null default 0,
  holder text not null default '',
  taken_at timestamptz not null default now()
);

create table if not exists carsync.heartbeat (
  source text primary key,
  fence bigint not null default 0,
  at timestamptz not null default now(),
  length_ms int not null default 0
);

create table if not exists carsync.runs (
  run_id uuid primary key,
  source text not null,
  mode text not null check (mode in ('full', 'incremental')),
  status text not null check (status in ('running', 'complete', 'incomplete', 'failed', 'abandoned')),
  phase text,
  proof text not null default 'none' check (proof in ('exact', 'none')),
  reason text,
  started_at timestamptz not null default now(),
  last_commit_at timestamptz not null default now(),
  finished_at timestamptz,
  resumed boolean not null default false,
  log_listed boolean not null,
  active_ms bigint not null default 0,
  plan jsonb,
  requests jsonb not null default '{"total":0,"ok":0,"limited":0,"failed":0,"retried":0}',
  learned jsonb,
  -- The completeness receipt.
  total_before bigint,
  total_after bigint,
  -- Counts, frozen when a process ends its work on the run; while it works they are summed from the ledger.
  pages_done int,
  pages_total int,
  seen bigint,
  inserted bigint,
  updated bigint,
  removed bigint not null default 0,
  rejected bigint
);
create index if not exists runs_source on carsync.runs (source, started_at desc);

-- The ledger: which pages were read and which ids were seen there. A page is here if and only if its cars are stored.
create table if not exists carsync.pages (
  run_id uuid not null references carsync.runs on delete cascade,
  sweep smallint not null default 0,
  segment text not null,
  page_size int not null,
  page int not null,
  cursor jsonb,
  read_at timestamptz not null,
  is_last boolean not null,
  records int not null,
  inserted int not null,
  updated int not null,
  rejected int not null,
  ids text[] not null,
  primary key (run_id, sweep, segment, page_size, page)
);

create table if not exists carsync.rejects (
  id bigint generated always as identity primary key,
  run_id uuid not null references carsync.runs on delete cascade,
  source text not null,
  segment text not null,
  page_size int not null,
  page int not null,
  position int not null,
  source_id text,
  reason text not null,
  path text not null,
  payload text not null,
  at timestamptz not null default now(),
  resolved_at timestamptz,
  unique (run_id, segment, page_size, page, position)
);
create index if not exists rejects_open on carsync.rejects (source, id) where resolved_at is null;

-- What was learned about a host, so that the next run starts there.
create table if not exists carsync.limits (
  scope text primary key,
  learned jsonb not null,
  learned_at timestamptz not null default now()
);

alter table carsync.migrations enable row level security;
alter table carsync.settings enable row level security;
alter table carsync.lease enable row level security;
alter table carsync.heartbeat enable row level security;
alter table carsync.runs enable row level security;
alter table carsync.pages enable row level security;
alter table carsync.rejects enable row level security;
alter table carsync.limits enable row level security;
revoke all on schema carsync from public;

insert into carsync.migrations (version, name) values
  ('20261101000000', 'read_model'),
  ('20261101000001', 'sync_state')
on conflict do nothing;
