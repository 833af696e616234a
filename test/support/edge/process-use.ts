/** What a process uses, as the operating system counts it (Linux). */
import { readFileSync } from 'node:fs'

/** Linux counts processor time in these. */
const TICK_MS = 10
const PAGE_BYTES = 4096

/** Processor time of all threads in ms, and resident memory in bytes; null once the process is gone. */
export const processUse = (pid: number): { cpuMs: number; memoryBytes: number } | null => {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    // The name in parentheses may contain blanks; what follows it is fields from the third on.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    const [, resident] = readFileSync(`/proc/${pid}/statm`, 'utf8').split(' ')
    return { cpuMs: (Number(fields[11]) + Number(fields[12])) * TICK_MS, memoryBytes: Number(resident) * PAGE_BYTES }
  } catch {
    return null
  }
}
