-- What readers see: cars, car_changes and sync_progress, in the schema that the search path names first.
-- Runs twice without harm. The comment on a table is how the program knows its own.

do $$
declare
  taken text;
begin
  select string_agg(quote_ident(name), ', ') into taken
  from unnest(array['cars', 'car_changes', 'sync_progress']) as name
  where to_regclass(quote_ident(current_schema()) || '.' || name) is not null
    and coalesce(obj_description(to_regclass(quote_ident(current_schema()) || '.' || name), 'pg_class'), '')
        not like 'smart-cars-sync:%';
  if taken is not null then
    raise exception 'schema % already has %, not made by smart-cars-sync', current_schema(), taken
      using hint = 'choose another schema with CARSYNC_SCHEMA';
  end if;
end
$$;

create table if not exists cars (
  source text not null,
  source_id text not null,
  make text,
  model text,
  generation text,
  trim text,
  year int,
  vin text,
  title text,
  price numeric,
  currency text,
  bid numeric,
  final_price numeric,
  mileage_km bigint,
  fuel text,
  transmission text,
  body_type text,
  color text,
  drive text,
  engine text,
  engine_cc int,
  cylinders int,
  seats int,
  lot_number text,
  site text,
  status text not null,
  sale_date timestamptz,
  seller_type text,
  country text,
  city text,
  image_url text,
  images text[],
  flags text[] not null default '{}',
  raw jsonb,
  first_seen_at timestamptz not null default now(),
  changed_at timestamptz not null default now(),
  removed_at timestamptz,
  -- Bookkeeping of the sync, not for readers: what the stored record looked like, which version of the readers
  -- read it, and when it was asked for.
  fingerprint uuid not null,
  reader smallint not null,
  read_at timestamptz not null,
  primary key (source, source_id)
);
comment on table cars is 'smart-cars-sync: one row per car';

create index if not exists cars_make_price on cars (make, price) where removed_at is null;
create index if not exists cars_vin on cars (vin) where vin is not null;
create index if not exists cars_changed_at on cars (changed_at);

create table if not exists car_changes (
  id bigint generated always as identity primary key,
  source text not null,
  source_id text not null,
  run_id uuid not null,
  kind text not null check (kind in ('relisted', 'sold', 'removed', 'price_changed', 'updated', 'listed')),
  changes jsonb not null default '{}',
  at timestamptz not null default now()
);
comment on table car_changes is 'smart-cars-sync: what changed, append-only';
create index if not exists car_changes_car on car_changes (source, source_id, id);

create table if not exists sync_progress (
  source text primary key,
  run_id uuid,
  status text,
  phase text,
  pages_done int,
  pages_total int,
  cars_seen bigint,
  cars_inserted bigint,
  cars_updated bigint,
  cars_unchanged bigint,
  cars_rejected bigint,
  cars_per_second double precision,
  cars_per_minute double precision,
  requests_per_second double precision,
  eta_low_ms bigint,
  eta_high_ms bigint,
  segments jsonb,
  held_removals int,
  heartbeat_at timestamptz,
  updated_at timestamptz
);
comment on table sync_progress is 'smart-cars-sync: one small row per source, for a live page';

alter table cars enable row level security;
alter table car_changes enable row level security;
alter table sync_progress enable row level security;

-- The roles are Supabase's; plain Postgres does not have them. Nobody but the service role reads anything until the
-- owner says so; the policy below takes effect only together with a grant.
do $$
declare
  read_model text;
begin
  foreach read_model in array array['cars', 'car_changes', 'sync_progress'] loop
    execute format('revoke all on table %I from public', read_model);
    if exists (select from pg_roles where rolname = 'anon') then
      execute format('revoke all on table %I from anon', read_model);
    end if;
    if exists (select from pg_roles where rolname = 'authenticated') then
      execute format('revoke all on table %I from authenticated', read_model);
    end if;
    if exists (select from pg_roles where rolname = 'service_role') then
      execute format('grant usage on schema %I to service_role', current_schema());
      execute format('grant select on table %I to service_role', read_model);
    end if;
  end loop;
  if exists (select from pg_roles where rolname = 'anon')
     and not exists (select from pg_policies where schemaname = current_schema() and tablename = 'cars'
                     and policyname = 'cars_public_read') then
    create policy cars_public_read on cars for select to anon using (removed_at is null);
  end if;
end
$$;
