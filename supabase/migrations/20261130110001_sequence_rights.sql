-- A project that grants everything by default has granted the sequences too: whoever may set one makes the next row fail.
-- Runs twice without harm.

do $$
declare
  api_role text;
  of_changes text := pg_get_serial_sequence('car_changes', 'id');
begin
  execute format('revoke all on sequence %s from public', of_changes);
  revoke all on all sequences in schema carsync from public;
  foreach api_role in array array['anon', 'authenticated', 'service_role'] loop
    if exists (select from pg_roles where rolname = api_role) then
      execute format('revoke all on sequence %s from %I', of_changes, api_role);
      execute format('revoke all on all sequences in schema carsync from %I', api_role);
    end if;
  end loop;
end
$$;

insert into carsync.migrations (version, name) values ('20261130110001', 'sequence_rights')
on conflict do nothing;
