-- What a run could not read of the source's feeds, in a sentence; null: it has read them, or was not so far. The next run
-- does without, and whoever judges how things are tells it from other failures. Runs twice without harm.
alter table carsync.runs add column if not exists unread_feed text;

insert into carsync.migrations (version, name) values ('20261130220000', 'unread_feed')
on conflict do nothing;
