-- Lets a reader of car_changes go on where it stopped without missing anything. Runs twice without harm.

-- Ids are given before a transaction commits, so a lower one may become visible after a higher one. The transaction's own
-- number tells which rows are settled: those of transactions before the oldest one that is still open.
alter table car_changes add column if not exists tx xid8 not null default pg_current_xact_id();
create index if not exists car_changes_tx on car_changes (source, tx, id);

insert into carsync.migrations (version, name) values ('20261125140000', 'change_cursor')
on conflict do nothing;
