/** The command line in a process of its own, so that it can be killed. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import type { Summary } from '../../src/mod.ts'
import { ownScript } from './own-script.ts'

const SCRIPT = ownScript('scripts/sync-cars.ts')

export type Ended = { code: number | null; signal: NodeJS.Signals | null; stdout: string; stderr: string }

/** `npm run sync-cars -- --json` with these variables and no others, in the folder `cwd`. */
export const spawnSync = (
  env: Record<string, string>,
  cwd: string,
  flags: readonly string[] = [],
): { child: ChildProcess; ended: Promise<Ended>; said(): string } => {
  const child = spawn(process.execPath, [...SCRIPT, '--json', ...flags], {
    cwd,
    env: { PATH: process.env.PATH, HOME: cwd, CARSYNC_LEASE_SECONDS: '1', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let stdout = ''
  let stderr = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text
  })
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text
  })
  const ended = once(child, 'close').then(([code, signal]): Ended => ({ code, signal, stdout, stderr }))
  return { child, ended, said: () => stderr }
}

/** The summary: one JSON object, and nothing else on stdout. */
export const summaryOf = ({ stdout, stderr }: Ended): Summary => {
  try {
    return JSON.parse(stdout) as Summary
  } catch {
    throw new Error(`stdout is not one JSON object:\n${stdout}\nstderr:\n${stderr}`)
  }
}
