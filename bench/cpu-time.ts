/** CPU time of processes as Linux counts it (/proc); 0 where that cannot be read. */
import { readdirSync, readFileSync } from 'node:fs'

const TICKS_PER_SECOND = 100

/** After the command's name in /proc/<pid>/stat, which may hold spaces: parent, own time, time of ended children. */
const statOf = (pid: number): { parent: number; own: number; ended: number } => {
  let fields: string[] = []
  try {
    fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)!.split(' ')
  } catch {
    // It has ended.
  }
  const at = (index: number): number => Number(fields[index] ?? 0)
  const ms = (ticks: number): number => (ticks * 1000) / TICKS_PER_SECOND
  return { parent: at(1), own: ms(at(11) + at(12)), ended: ms(at(13) + at(14)) }
}

/** Milliseconds of CPU that this process has used since `process.cpuUsage()` answered `since`. */
export const ownCpuMs = (since: NodeJS.CpuUsage): number => {
  const { user, system } = process.cpuUsage(since)
  return (user + system) / 1000
}

/** Milliseconds of CPU that the process has used so far, in user and kernel. */
export const processCpuMs = (pid: number): number => statOf(pid).own

/** The same with its children, those that have ended and those that live. */
export const familyCpuMs = (pid: number): number => {
  const { own, ended } = statOf(pid)
  const living = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map((name) => statOf(Number(name)))
    .filter(({ parent }) => parent === pid)
  return own + ended + living.reduce((sum, child) => sum + child.own, 0)
}
