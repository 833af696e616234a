/** The function as it is put into somebody's project: readable TypeScript, with the engine in a folder beside it. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { moduleGraph } from './module-graph.ts'

const HOME = 'supabase/functions/cars-sync'

const readme = (version: string): string => `# The engine of smart-cars-sync ${version}

Put here by \`carsync init\`, as it is in the package. Leave it as it is: \`carsync init --diff\` shows what a newer version would
change, and \`carsync init --force\` takes it over.
`

const ENVIRONMENT = `# What the function cars-sync needs to be told. Copy this file to .env in this folder, fill it in, and send it with
#   npx supabase secrets set --env-file supabase/functions/cars-sync/.env
# The database is known to the function by itself (SUPABASE_DB_URL).

# Where the API is, and its key.
API_BASE_URL=https://auctionsapi.com/api
API_KEY=

# What callers of the function must present; make one with: openssl rand -hex 32
CARS_SYNC_SECRET=

# How long the platform lets a worker live: 150 seconds on the free plan, 400 on paid ones.
# CARSYNC_EDGE_WALL_SECONDS=150

# Brands to fetch first; a start can name others.
# CARSYNC_PRIORITY=Audi,BMW

# Whether the source's own record is kept in the column raw, which is most of the table's size: with it, 190,000 cars do
# not fit into the 500 MB of the free plan.
# CARSYNC_RAW=no

# Never more requests per second than this; without it the limit is found.
# CARSYNC_MAX_RATE=5

# Origins of pages that may call the function from a browser.
# CARSYNC_CORS_ORIGINS=https://cars.example
`

/** Files by their path in the project. `root` is where this program's own files are. */
export const functionFiles = (root: string, version: string): Map<string, string> => {
  const files = new Map<string, string>()
  for (const [path, text] of moduleGraph(root, `${HOME}/index.ts`))
    if (path.startsWith('src/')) files.set(`${HOME}/engine/${path.slice('src/'.length)}`, text)
    else files.set(path, text.replaceAll("'../../../src/", "'./engine/"))
  files.set(`${HOME}/deno.json`, readFileSync(join(root, HOME, 'deno.json'), 'utf8'))
  files.set(`${HOME}/engine/README.md`, readme(version))
  files.set(`${HOME}/.env.example`, ENVIRONMENT)
  return new Map([...files].sort(([a], [b]) => (a < b ? -1 : 1)))
}
