/**
 * The embedded database with the schema. Making one takes seconds of computing, so it is made once, kept as a file under
 * `node_modules`, and copied from there: each time another database, in memory or in a folder. It is small, for what an opening costs
 * is the copying of its files and the filling of its memory with zeros: half of the computing is saved.
 */
import { execFileSync } from 'node:child_process'
import { hash, randomUUID } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { PGlite } from '@electric-sql/pglite'
import { readMigrations } from '../../src/node.ts'
import { embeddedOver } from '../../src/store/connection/embedded.ts'
import type { Database } from '../../src/store/database.ts'
import { migrate } from '../../src/store/migrate.ts'
import { CACHE } from './cluster-files.ts'

const main = createRequire(import.meta.url).resolve('@electric-sql/pglite')

/** As by default, but for a third of the size: the log in small files, and in memory 8 MB of buffers instead of 128. A folder is opened with the program's own settings. */
const SMALL = {
  initDbStartParams: ['--wal-segsize=1'],
  postgresqlconf: ['shared_buffers = 8MB', 'min_wal_size = 2MB', 'wal_recycle = off'],
}

/** The databases that only others are made from go; what the log holds of all that is no longer needed. */
const TRIM = ['drop database template0', 'drop database template1', 'select pg_switch_wal()', 'checkpoint']

/** Another schema, another embedded Postgres or another way to make it makes another file. */
const file = (): string => {
  const madeOf = [readFileSync(join(dirname(main), '../package.json'), 'utf8'), readMigrations(), SMALL, TRIM]
  const name = `embedded-${hash('md5', JSON.stringify(madeOf))}.tar`
  return join(CACHE, name)
}

const make = async (path: string): Promise<void> => {
  const db = await PGlite.create(SMALL)
  await migrate(embeddedOver(db), 'public', readMigrations())
  await db.query('update pg_database set datistemplate = false')
  for (const statement of TRIM) await db.query(statement)
  const dump = await db.dumpDataDir('none')
  await db.close()
  mkdirSync(dirname(path), { recursive: true })
  // Two test files may make it at the same time: each sees all of it or nothing.
  const own = `${path}.${randomUUID()}`
  writeFileSync(own, Buffer.from(await dump.arrayBuffer()))
  renameSync(own, path)
}

/** Where the file is that new databases are loaded from; makes it if there is none. */
export const embeddedFile = async (): Promise<string> => {
  const path = file()
  if (!existsSync(path)) await make(path)
  return path
}

let loaded: Promise<Blob> | undefined

/** A migrated embedded database of its own, in memory. */
export const newEmbedded = async (): Promise<Database> => {
  loaded ??= embeddedFile().then((path) => new Blob([readFileSync(path)]))
  return embeddedOver(await PGlite.create({ loadDataDir: await loaded }))
}

/** Puts a migrated embedded database into this folder, as an earlier run of a command would have left it. */
export const placeEmbedded = async (folder: string): Promise<void> => {
  const path = await embeddedFile()
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  execFileSync('tar', ['-xf', path, '-C', folder], { stdio: 'pipe' })
}
