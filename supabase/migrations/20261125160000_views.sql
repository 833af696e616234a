-- What a front end would otherwise compute: views over the read model, in the schema that the search path names first.
-- They are seen with the rights of whoever asks, so that row level security holds. One that somebody else has made under
-- such a name is left alone. Runs twice without harm.

create index if not exists car_changes_price_at on car_changes (at) where kind = 'price_changed';

do $$
declare
  seen record;
  foreigner regclass;
begin
  for seen in
    select * from (values
      ('sync_overview',
       'one row per source, with how much is done (0 to 1) and whether a process is at it',
       $view$
         select source, run_id, status, phase, pages_done, pages_total,
                case when pages_total > 0 then least(1, pages_done / pages_total::double precision) end as done,
                cars_seen, cars_inserted, cars_updated, cars_unchanged, cars_rejected,
                round(cars_per_minute) as cars_per_minute,
                eta_low_ms * interval '1 ms' as eta_low, eta_high_ms * interval '1 ms' as eta_high, held_removals,
                -- A process that lives gives a sign of life every second.
                coalesce(status = 'running' and heartbeat_at > now() - interval '30 s', false) as is_live,
                heartbeat_at, updated_at
         from sync_progress
       $view$),
      ('cars_by_make',
       'the cars that are there, by make',
       $view$
         select source, make, count(*) as cars, max(first_seen_at) as last_listed_at, max(changed_at) as last_changed_at
         from cars where removed_at is null group by source, make
       $view$),
      ('price_changes',
       'what a car cost before and after, for cars that are there',
       $view$
         select h.id, h.source, h.source_id, h.at, p.price_from, p.price_to,
                round(100 * (p.price_to / nullif(p.price_from, 0) - 1), 1) as percent,
                c.currency, c.make, c.model, c.year, c.title, c.mileage_km, c.image_url
         from car_changes h
         join cars c on c.source = h.source and c.source_id = h.source_id
         cross join lateral (select (h.changes -> 'price' ->> 'from')::numeric as price_from,
                                    (h.changes -> 'price' ->> 'to')::numeric as price_to) p
         where h.kind = 'price_changed' and h.changes ? 'price' and c.removed_at is null
       $view$)
    ) as wanted (name, about, definition)
  loop
    foreigner := to_regclass(format('%I.%I', current_schema(), seen.name));
    if foreigner is not null and coalesce(obj_description(foreigner, 'pg_class'), '') not like 'smart-cars-sync:%' then
      raise notice '% is somebody else''s, and left alone', foreigner;
      continue;
    end if;
    execute format('create or replace view %I as %s', seen.name, seen.definition);
    execute format('comment on view %I is %L', seen.name, 'smart-cars-sync: ' || seen.about);
    -- Before version 15 a view has the rights of its owner: there too it is for the service role alone.
    if current_setting('server_version_num')::int >= 150000 then
      execute format('alter view %I set (security_invoker = true)', seen.name);
    end if;
    execute format('revoke all on table %I from public', seen.name);
    if exists (select from pg_roles where rolname = 'anon') then
      execute format('revoke all on table %I from anon', seen.name);
    end if;
    if exists (select from pg_roles where rolname = 'authenticated') then
      execute format('revoke all on table %I from authenticated', seen.name);
    end if;
    if exists (select from pg_roles where rolname = 'service_role') then
      execute format('revoke all on table %I from service_role', seen.name);
      execute format('grant select on table %I to service_role', seen.name);
    end if;
  end loop;
end
$$;

insert into carsync.migrations (version, name) values ('20261125160000', 'views')
on conflict do nothing;
