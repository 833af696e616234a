/** Runs the command as a user would, in a process of its own, and measures that process. */
import { spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { nodeFlags } from '../scripts/node-flags.ts'
import type { Summary } from '../src/mod.ts'
import { processCpuMs } from './cpu-time.ts'

/** The folder of this tree, with a slash at its end. */
export const ROOT = fileURLToPath(new URL('..', import.meta.url))

/** Wall-clock time of the whole command, start-up included; the highest resident memory of its process; CPU time. */
export type Measured = { summary: Summary; wallMs: number; peakMb: number; cpuMs: number }

const readProc = (pid: number, file: string): string => {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'utf8')
  } catch {
    return ''
  }
}

const peakKb = (pid: number): number => Number(/VmHWM:\s+(\d+)/.exec(readProc(pid, 'status'))?.[1] ?? 0)

/** `root`: of which version; `cwd`: where it is started; `heard` is told what it writes to stderr. */
export type Launch = { root?: string; cwd?: string; heard?: (text: string) => void }

/** Runs `npm run sync-cars`'s own command line with these variables and flags; rejects unless it ends complete. */
export const runSync = (
  env: Readonly<Record<string, string>>,
  flags: readonly string[] = [],
  { root = ROOT, cwd = root, heard = () => {} }: Launch = {},
): Promise<Measured> =>
  new Promise((resolve, reject) => {
    const began = performance.now()
    const child = spawn(
      process.execPath,
      [...nodeFlags(root), `${root}scripts/sync-cars.ts`, '--json', '--quiet', ...flags],
      {
        cwd,
        env: { ...process.env, ...env },
        stdio: ['ignore', 'pipe', 'pipe'],
      },
    )
    let peak = 0
    let cpu = 0
    const watch = setInterval(() => {
      peak = Math.max(peak, peakKb(child.pid!))
      cpu = Math.max(cpu, processCpuMs(child.pid!))
    }, 20)
    let out = ''
    let errors = ''
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      out += text
    })
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      errors = (errors + text).slice(-4000)
      heard(text)
    })
    child.on('exit', (code) => {
      clearInterval(watch)
      const wallMs = performance.now() - began
      if (code !== 0) return reject(new Error(`sync ended with ${code}:\n${out}\n${errors}`))
      const summary = JSON.parse(out.trim().split('\n').at(-1)!) as Summary
      resolve({ summary, wallMs, peakMb: Math.round(peak / 1024), cpuMs: cpu })
    })
  })

export type DemoProcess = {
  url: string
  pid: number
  control(path: string, body?: object): Promise<unknown>
  close(): void
}

/** The demo inventory in a process of its own, as `carsync demo-api` serves it. */
export const startDemoProcess = async (flags: readonly string[]): Promise<DemoProcess> => {
  const child = spawn(process.execPath, [`${ROOT}cli/main.ts`, 'demo-api', '--port', '0', '--json', ...flags], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const url = await new Promise<string>((resolve, reject) => {
    let text = ''
    child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
      text += chunk
      const found = /http:\/\/[^"\s]+/.exec(text)
      if (found) resolve(found[0])
    })
    child.once('exit', () => reject(new Error(`The demo inventory did not start: ${text}`)))
  })
  const origin = new URL(url).origin
  return {
    url,
    pid: child.pid!,
    control: async (path, body) => {
      const response = await fetch(`${origin}/_control/${path}`, { method: 'POST', body: JSON.stringify(body ?? {}) })
      return response.json()
    },
    close: () => child.kill(),
  }
}

export const median = (values: readonly number[]): number => {
  const sorted = [...values].sort((a, b) => a - b)
  const middle = sorted.length >> 1
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2
}
