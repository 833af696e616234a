/** A proxy as a plain process in the foreground, with its configuration in a temporary folder that goes with it. */
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import { freePort } from '../free-port.ts'
import { findCommand } from './find-command.ts'
import type { StartedLimiter } from './limiter.ts'

export type ProxyPlan = {
  command: string
  /** Command line for this configuration file. */
  args(configFile: string, folder: string): string[]
  /** The configuration. `upstream` is `host:port`. */
  config(at: { port: number; upstream: string; folder: string }): string
  /** Matches the one line that the process prints when it refuses a request. */
  refusal: RegExp
}

const READY_WITHIN_MS = 60_000

const isOpen = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1')
    const end = (open: boolean) => {
      socket.destroy()
      resolve(open)
    }
    socket.once('connect', () => end(true)).once('error', () => end(false))
  })

/** Waits until the port is served; false when the process has ended instead, or takes too long. */
const isReady = async (child: ChildProcess, port: number): Promise<boolean> => {
  const deadline = performance.now() + READY_WITHIN_MS
  while (child.exitCode === null && child.signalCode === null && performance.now() < deadline) {
    if (await isOpen(port)) return true
    await sleep(20)
  }
  return false
}

export const startProxy = async (plan: ProxyPlan, upstreamUrl: string): Promise<StartedLimiter> => {
  const upstream = new URL(upstreamUrl)
  const folder = mkdtempSync(join(tmpdir(), `carsync-${plan.command}-`))
  const port = await freePort()
  const configFile = join(folder, `${plan.command}.conf`)
  writeFileSync(configFile, plan.config({ port, upstream: upstream.host, folder }))
  const child = spawn(findCommand(plan.command) ?? plan.command, plan.args(configFile, folder), {
    cwd: folder,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const gone = new Promise<void>((resolve) => {
    child.once('close', () => resolve()).once('error', () => resolve())
  })
  let refused = 0
  let lastWords = ''
  for (const input of [child.stdout, child.stderr])
    createInterface({ input }).on('line', (line) => {
      if (plan.refusal.test(line)) refused++
      lastWords = `${lastWords}\n${line}`.slice(-2000)
    })
  const close = async (): Promise<void> => {
    child.kill('SIGTERM')
    await gone
    rmSync(folder, { recursive: true, force: true })
  }
  if (!(await isReady(child, port))) {
    await close()
    throw new Error(`${plan.command} did not start:${lastWords}`)
  }
  return { url: `http://127.0.0.1:${port}${upstream.pathname}`, refused: () => refused, close }
}
