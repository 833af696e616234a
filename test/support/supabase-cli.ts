/** The real Supabase CLI, in a copy of the project, so that it writes nothing here. */
import { execFile } from 'node:child_process'
import { cpSync, existsSync, mkdtempSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const ROOT = fileURLToPath(new URL('../../', import.meta.url))
const CLI = join(ROOT, '.ci/tools/node_modules/supabase/dist/supabase.js')

export const HOW_TO_GET_IT = 'The Supabase CLI is not installed: npm install --prefix .ci/tools --no-package-lock'
export const hasSupabaseCli = existsSync(CLI)

export type Said = { code: number; stdout: string; stderr: string }

/** A copy of what the CLI looks at: the engine and the folder `supabase`. The caller removes it. */
export const copyProject = (): string => {
  const folder = mkdtempSync(join(tmpdir(), 'carsync-cli-'))
  for (const part of ['src', 'supabase', 'package.json'])
    cpSync(join(ROOT, part), join(folder, part), { recursive: true })
  return folder
}

/** Runs the CLI there; nothing is sent anywhere but where `env` and the arguments say. */
export const supabase = (cwd: string, args: readonly string[], env: Record<string, string> = {}): Promise<Said> =>
  new Promise((resolve) => {
    execFile(
      process.execPath,
      [CLI, ...args],
      {
        cwd,
        timeout: 100_000,
        maxBuffer: 64 << 20,
        env: { PATH: process.env.PATH, HOME: cwd, DO_NOT_TRACK: '1', SUPABASE_TELEMETRY_DISABLED: '1', ...env },
      },
      (error, stdout, stderr) => resolve({ code: error === null ? 0 : Number(error.code ?? 1), stdout, stderr }),
    )
  })

/** A server that records what is deployed to it, in place of the platform's own. */
export const recordingServer = async (): Promise<{ url: string; uploads: Buffer[]; close(): void }> => {
  const uploads: Buffer[] = []
  const server = createServer(async (request, response) => {
    const parts: Buffer[] = []
    for await (const part of request) parts.push(part)
    response.setHeader('content-type', 'application/json')
    if (request.method === 'GET') {
      response.end('[]')
      return
    }
    uploads.push(Buffer.concat(parts))
    const made = {
      id: 'x',
      slug: 'cars-sync',
      name: 'cars-sync',
      status: 'ACTIVE',
      version: 1,
      created_at: 1,
      updated_at: 1,
    }
    response.writeHead(201).end(JSON.stringify(made))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    uploads,
    close: () => {
      server.closeAllConnections()
      server.close()
    },
  }
}
