-- Who may see and call what. Run by `npx supabase test db`.
begin;
create extension if not exists pgtap;
select plan(17);

select is_empty(
  $$ select schemaname || '.' || tablename from pg_tables
     where not rowsecurity and (schemaname = 'carsync'
       or (schemaname = 'public' and tablename in ('cars', 'car_changes', 'sync_progress'))) $$,
  'row level security is on everywhere');

select is_empty(
  $$ select c.relname::text, r.role::text from pg_class c join pg_namespace n on n.oid = c.relnamespace,
       unnest(array['anon', 'authenticated']) as r (role)
     where n.nspname = 'public' and c.relname in ('cars', 'car_changes', 'sync_progress')
       and has_table_privilege(r.role, c.oid, 'select, insert, update, delete, truncate') $$,
  'nobody from outside has any right on the read model until the owner says so');

select is_empty(
  $$ select c.relname::text from pg_class c join pg_namespace n on n.oid = c.relnamespace
     where n.nspname = 'public' and c.relname in ('cars', 'car_changes', 'sync_progress')
       and has_table_privilege('service_role', c.oid, 'insert, update, delete, truncate') $$,
  'the service role writes nothing of the read model');

select is_empty(
  $$ select s.oid::regclass::text, r.role::text from pg_class s join pg_namespace n on n.oid = s.relnamespace,
       unnest(array['anon', 'authenticated', 'service_role']) as r (role)
     where s.relkind = 'S' and (n.nspname = 'carsync' or s.oid = pg_get_serial_sequence('public.car_changes', 'id')::regclass)
       and has_sequence_privilege(r.role, s.oid, 'usage, select, update') $$,
  'nor do they set the numbers of the rows to come');

select table_privs_are('public', 'cars', 'service_role', array['SELECT'], 'the service role reads cars');
select table_privs_are('public', 'sync_progress', 'service_role', array['SELECT'], 'the service role reads the progress');

select is_empty(
  $$ select r.role::text from unnest(array['anon', 'authenticated', 'service_role']) as r (role)
     where has_schema_privilege(r.role, 'carsync', 'usage') $$,
  'no role of the API may enter the schema of the sync');

select is_empty(
  $$ select p.oid::regprocedure::text from pg_proc p, unnest(array['anon', 'authenticated', 'service_role']) as r (role)
     where p.pronamespace = 'carsync'::regnamespace and has_function_privilege(r.role, p.oid, 'execute') $$,
  'no role of the API may call a function of the sync');

select is_empty(
  $$ select oid::regprocedure::text from pg_proc
     where pronamespace = 'carsync'::regnamespace
       and coalesce(array_to_string(proconfig, ','), '') not like '%search_path=""%' $$,
  'every function has an empty search path');

select is_empty(
  $$ select oid::regprocedure::text from pg_proc where prosecdef
     and pronamespace in ('carsync'::regnamespace, 'public'::regnamespace)
     and obj_description(oid, 'pg_proc') like 'smart-cars-sync%' $$,
  'nothing of ours runs with the rights of its owner');

select is_empty(
  $$ select c.relname::text, r.role::text from pg_class c join pg_namespace n on n.oid = c.relnamespace,
       unnest(array['anon', 'authenticated']) as r (role)
     where n.nspname = 'public' and c.relname in ('sync_overview', 'cars_by_make', 'price_changes')
       and has_table_privilege(r.role, c.oid, 'select, insert, update, delete') $$,
  'nor on the views');
select is_empty(
  $$ select c.relname::text from pg_class c join pg_namespace n on n.oid = c.relnamespace
     where n.nspname = 'public' and c.relname in ('sync_overview', 'cars_by_make', 'price_changes')
       and not coalesce(c.reloptions::text, '') like '%security_invoker=true%' $$,
  'and the views have the rights of whoever asks');

select policies_are('public', 'cars', array['cars_public_read'], 'one policy on cars');
select policy_roles_are('public', 'cars', 'cars_public_read', array['anon'], 'for anon');

-- With the grant that CARSYNC_PUBLIC_READ makes, anon sees what is on sale and nothing that was removed.
grant select on public.cars to anon;
insert into public.cars (source, source_id, status, fingerprint, reader, read_at, removed_at) values
  ('pgtap', '1', 'on_sale', '00000000-0000-0000-0000-000000000000', 1, now(), null),
  ('pgtap', '2', 'on_sale', '00000000-0000-0000-0000-000000000000', 1, now(), now());
set local role anon;
select results_eq(
  $$ select source_id from public.cars where source = 'pgtap' $$, array['1'],
  'anon sees the cars that are there');
select throws_ok(
  $$ update public.cars set price = 1 where source = 'pgtap' $$, '42501', null, 'anon changes nothing');
select throws_ok($$ select * from carsync.settings $$, '42501', null, 'anon reads no setting');
reset role;

select * from finish();
rollback;
