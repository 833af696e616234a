/** A command of the command line in a process of its own, in a folder of its own. */
import { type ChildProcess, spawn } from 'node:child_process'
import { ownScript } from './own-script.ts'

export type Said = { code: number | null; stdout: string; stderr: string }

export type Command = {
  child: ChildProcess
  ended: Promise<Said>
  /** Resolves as soon as stdout has so many lines; rejects when the process ends before that. */
  lines(count: number): Promise<string[]>
}

/** `carsync`, or another script of the repository, with these variables and no others. */
export const spawnCommand = (
  cwd: string,
  env: Record<string, string>,
  args: readonly string[],
  script = 'cli/main.ts',
): Command => {
  const child = spawn(process.execPath, [...ownScript(script), ...args], {
    cwd,
    env: { PATH: process.env.PATH, HOME: cwd, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const said: Said = { code: null, stdout: '', stderr: '' }
  for (const name of ['stdout', 'stderr'] as const)
    child[name]!.setEncoding('utf8').on('data', (text: string) => {
      said[name] += text
    })
  const ended = new Promise<Said>((resolve) => child.once('close', (code) => resolve({ ...said, code })))
  const lines = (count: number): Promise<string[]> =>
    new Promise((resolve, reject) => {
      const look = (): void => {
        const whole = said.stdout.split('\n').slice(0, -1)
        if (whole.length < count) return
        child.stdout!.off('data', look)
        resolve(whole)
      }
      child.stdout!.on('data', look)
      void ended.then(({ code, stderr }) => reject(new Error(`ended with ${code} before: ${stderr}`)))
      look()
    })
  return { child, ended, lines }
}
