/**
 * The embedded database with the schema, and without. Making one takes seconds of computing, so it is made once, kept as a file under
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
const TRIM = [
  'drop database if exists template0',
  'drop database if exists template1',
  'select pg_switch_wal()',
  'checkpoint',
]

/** With the schema, and as it was before it got one. */
type Kind = 'migrated' | 'empty'

/** Another schema, another embedded Postgres or another way to make it makes another file. */
const fileOf = (kind: Kind): string => {
  const madeOf = [readFileSync(join(dirname(main), '../package.json'), 'utf8'), readMigrations(), SMALL, TRIM]
  return join(CACHE, `embedded-${kind}-${hash('md5', JSON.stringify(madeOf))}.tar`)
}

const keep = async (db: PGlite, path: string): Promise<void> => {
  for (const statement of TRIM) await db.query(statement)
  const dump = await db.dumpDataDir('none')
  mkdirSync(dirname(path), { recursive: true })
  // Two test files may make it at the same time: each sees all of it or nothing.
  const own = `${path}.${randomUUID()}`
  writeFileSync(own, Buffer.from(await dump.arrayBuffer()))
  renameSync(own, path)
}

/** Both of one: its making takes seconds of computing, its schema little. */
const make = async (): Promise<void> => {
  const db = await PGlite.create(SMALL)
  await db.query('update pg_database set datistemplate = false')
  await keep(db, fileOf('empty'))
  await migrate(embeddedOver(db), 'public', readMigrations())
  await keep(db, fileOf('migrated'))
  await db.close()
}

/** Where the file is that new databases are loaded from; makes it if there is none. */
export const embeddedFile = async (kind: Kind = 'migrated'): Promise<string> => {
  const path = fileOf(kind)
  if (!existsSync(path)) await make()
  return path
}

const loaded = new Map<Kind, Promise<Blob>>()

/** An embedded database of its own, in memory. */
export const newEmbedded = async (kind: Kind = 'migrated'): Promise<Database> => {
  if (!loaded.has(kind))
    loaded.set(
      kind,
      embeddedFile(kind).then((path) => new Blob([readFileSync(path)])),
    )
  return embeddedOver(await PGlite.create({ loadDataDir: await loaded.get(kind)! }))
}

/** Puts a migrated embedded database into this folder, as an earlier run of a command would have left it. */
export const placeEmbedded = async (folder: string): Promise<void> => {
  const path = await embeddedFile()
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  execFileSync('tar', ['-xf', path, '-C', folder], { stdio: 'pipe' })
}
