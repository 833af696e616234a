/** Debian's Postgres with pg_cron and pgTAP, which the one that `npm ci` brings does not have. */
import { existsSync } from 'node:fs'

const VERSIONS = [17, 16, 15]

const has = (version: number): boolean =>
  existsSync(`/usr/lib/postgresql/${version}/bin/postgres`) &&
  existsSync(`/usr/lib/postgresql/${version}/lib/pg_cron.so`) &&
  existsSync(`/usr/share/postgresql/${version}/extension/pgtap.control`)

const found = VERSIONS.find(has)

export const HOW_TO_GET_IT =
  'Postgres with pg_cron and pgTAP is not installed: apt-get install postgresql-15-cron postgresql-15-pgtap'

/** The folder of its binaries; null where it is not installed. */
export const debianPostgres = found === undefined ? null : `/usr/lib/postgresql/${found}/bin`
