-- What is due, and what cron does about it. Run by `npx supabase test db`.
begin;
create extension if not exists pgtap;
select plan(11);

delete from carsync.settings;
insert into carsync.settings (name, value) values ('source', 'pgtap');

select results_eq($$ select mode, reason from carsync.due('pgtap') $$, $$ values ('full', 'full') $$, 'first of all a full sweep');

insert into carsync.runs (run_id, source, mode, status, log_listed, started_at, finished_at)
values (gen_random_uuid(), 'pgtap', 'full', 'complete', false, now() - interval '20 minutes', now() - interval '19 minutes');
select results_eq(
  $$ select mode, reason from carsync.due('pgtap') $$, $$ values ('incremental', 'incremental') $$, 'then what has changed');

insert into carsync.orders (source, mode, priority) values ('pgtap', 'full', array['Audi']);
select results_eq(
  $$ select mode, priority, reason from carsync.due('pgtap') $$, $$ values ('full', array['Audi'], 'ordered') $$, 'an order first');

update carsync.orders set mode = null, stopped_at = now();
select is_empty($$ select * from carsync.due('pgtap') $$, 'nothing once it was stopped');
select is(carsync.tick(), 'nothing is due', 'and cron calls nobody');
insert into carsync.runs (run_id, source, mode, status, log_listed) values (gen_random_uuid(), 'pgtap', 'full', 'running', false);
select results_eq(
  $$ select mode, reason from carsync.due('pgtap') $$, $$ values ('full', 'stopped') $$, 'but the end of a run that is open');
update carsync.runs set status = 'incomplete', finished_at = now() where source = 'pgtap' and status = 'running';
select is_empty($$ select * from carsync.due('pgtap') $$, 'and nothing once it has ended');
delete from carsync.orders;
delete from carsync.runs where source = 'pgtap' and status = 'incomplete';

insert into carsync.lease (source, fence, holder) values ('pgtap', 1, 'somebody');
insert into carsync.heartbeat (source, fence, at, length_ms) values ('pgtap', 1, clock_timestamp(), 30000);
select is(carsync.tick(), 'somebody is at it', 'nor while the lease is held');

update carsync.heartbeat set at = clock_timestamp() - interval '31 seconds' where source = 'pgtap';
select ok(carsync.lease_free('pgtap'), 'a holder that is silent for longer than its lease has lost it');
update carsync.heartbeat set at = clock_timestamp() + interval '2 days' where source = 'pgtap';
select ok(carsync.lease_free('pgtap'), 'and so has one whose sign of life is of a time to come');

select throws_like(
  $$ select carsync.schedule(full_every => '3 seconds') $$, '%must be at least a minute%', 'a schedule that is none is refused');

select * from finish();
rollback;
