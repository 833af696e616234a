-- The record as it came is the widest column by far, and compressing it by Postgres's older method takes more time than
-- all the rest of writing a car. lz4 takes a fraction of that, for about a tenth more space; it is the default from
-- Postgres 19 on. Only what is written from now on is compressed so. Where the server was built without it, is older than
-- 14, or somebody has chosen for himself, nothing is changed. The embedded database knows no lz4 and computes several times
-- slower than a server, but writes as fast: it does not compress the record at all. Runs twice without harm.

do $$
declare
  wide record;
begin
  for wide in
    select attname from pg_attribute
    where attrelid = 'cars'::regclass and attname in ('raw', 'images') and attcompression = ''
  loop
    execute format('alter table cars alter column %I set compression lz4', wide.attname);
  end loop;
exception
  when feature_not_supported or undefined_column then
    if version() like '%emscripten%' then
      alter table cars alter column raw set storage external;
    end if;
end $$;

insert into carsync.migrations (version, name) values ('20261129000000', 'compression')
on conflict do nothing;
