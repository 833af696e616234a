/**
 * Loaded into a process before its program (`node --import`): its wall clock is hours off, and jumps to and fro by hours
 * while it runs. `OTHER_CLOCK_HOURS` says by how many it is off.
 */
const HOUR_MS = 3_600_000

const offMs = Number(process.env.OTHER_CLOCK_HOURS ?? 0) * HOUR_MS
const real = Date.now
let asked = 0
const jumping = (): number => real() + offMs + (++asked % 3) * 5 * HOUR_MS

Date.now = jumping
globalThis.Date = class extends Date {
  // Without arguments it is the time now.
  constructor(...given: [] | [number | string | Date]) {
    super(...((given.length === 0 ? [jumping()] : given) as [number]))
  }
} as DateConstructor
Date.now = jumping
Object.defineProperty(performance, 'timeOrigin', { value: performance.timeOrigin + offMs })
