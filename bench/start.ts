/** How long until a command has begun: `carsync --version`, and the first request of a sync into a schema that is there. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { nodeFlags } from '../scripts/node-flags.ts'
import { startServer } from './load-round.ts'
import { median, ROOT } from './measure.ts'
import type { Table } from './table.ts'

const ROUNDS = 9

const command = (args: readonly string[], env: Readonly<Record<string, string>> = {}) =>
  spawn(process.execPath, args, { cwd: ROOT, env: { ...process.env, ...env }, stdio: 'ignore' })

const versionMs = async (): Promise<number> => {
  const began = performance.now()
  await once(command([...nodeFlags(ROOT), `${ROOT}cli/main.ts`, '--version']), 'exit')
  return performance.now() - began
}

/** A source that lets nobody in: the first request is all that is wanted of it. */
const firstRequestMs = async (databaseUrl: string): Promise<number> => {
  const server = createServer((_, response) => void response.writeHead(401).end()).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/api`
  const began = performance.now()
  const asked = once(server, 'request').then(() => performance.now() - began)
  const sync = command([...nodeFlags(ROOT), `${ROOT}scripts/sync-cars.ts`, '--full', '--quiet'], {
    API_BASE_URL: url,
    API_KEY: 'nobody',
    DATABASE_URL: databaseUrl,
  })
  await once(sync, 'exit')
  server.close()
  return asked
}

export const start = async (): Promise<Table> => {
  const pg = await startServer()
  try {
    const times = { version: [] as number[], request: [] as number[] }
    // Once before: it makes the schema, and what is compiled is kept, as with a command that somebody uses.
    for (let round = 0; round <= ROUNDS; round++) {
      const [version, request] = [await versionMs(), await firstRequestMs(pg.url)]
      if (round === 0) continue
      times.version.push(version)
      times.request.push(request)
    }
    return {
      head: ['until', 'ms', 'aim'],
      rows: [
        ['`carsync --version` has ended', Math.round(median(times.version)), '150'],
        ['the first request of a sync arrives, schema there', Math.round(median(times.request)), '500'],
      ],
      notes: [`Medians of ${ROUNDS}, from the start of the process, run from the sources.`],
    }
  } finally {
    await pg.close()
  }
}
