/** How numbers and times are written for people. */
const whole = new Intl.NumberFormat('en-US', { maximumFractionDigits: 0 })
const tenth = new Intl.NumberFormat('en-US', { maximumFractionDigits: 1 })

/** 190,000 */
export const count = (value: number): string => whole.format(value)

/** "1 car", "190,000 cars". `more`: how it is said of any other number than one. */
export const counted = (value: number, one: string, more = `${one}s`): string =>
  `${count(value)} ${value === 1 ? one : more}`

/** Per second: one decimal below 100, else whole; a dash where there is none yet. */
export const rate = (value: number | null): string =>
  value === null ? '–' : (value < 100 ? tenth : whole).format(value)

/** Per minute, of what is so much per second. */
export const perMinute = (value: number | null): string => (value === null ? '–' : count(value * 60))

/** 0:07, 12:30, 1:02:03 */
export const clock = (ms: number): string => {
  const seconds = Math.max(0, Math.floor(ms / 1000))
  const parts = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60]
  const shown = parts[0] === 0 ? parts.slice(1) : parts
  return shown.map((part, at) => (at === 0 ? String(part) : String(part).padStart(2, '0'))).join(':')
}

/** 0.8 s, 42 s, 3 min 12 s, 1 h 5 min */
export const duration = (ms: number): string => {
  if (ms < 10_000) return `${tenth.format(Math.max(0, ms) / 1000)} s`
  const seconds = Math.round(ms / 1000)
  if (seconds < 60) return `${seconds} s`
  const minutes = Math.floor(seconds / 60)
  return minutes < 60 ? `${minutes} min ${seconds % 60} s` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`
}

type Coarse = { amount: number; unit: 's' | 'min' | 'h' }

const coarse = (ms: number): Coarse => {
  const seconds = ms / 1000
  if (seconds < 90)
    return { amount: Math.max(1, seconds < 10 ? Math.ceil(seconds) : Math.ceil(seconds / 5) * 5), unit: 's' }
  if (seconds < 5400) return { amount: Math.ceil(seconds / 60), unit: 'min' }
  return { amount: Math.ceil(seconds / 360) / 10, unit: 'h' }
}

/** "2 to 3 min", "40 s": a range as wide as it is known, never a false precision. */
export const range = ({ low, high }: { low: number; high: number }): string => {
  const [from, to] = [coarse(low), coarse(Math.max(low, high))]
  if (from.unit !== to.unit) return `${from.amount} ${from.unit} to ${to.amount} ${to.unit}`
  return from.amount === to.amount ? `about ${to.amount} ${to.unit}` : `${from.amount} to ${to.amount} ${to.unit}`
}

/** 2026-11-23 23:15 UTC */
export const moment = (iso: string): string => `${iso.slice(0, 10)} ${iso.slice(11, 16)} UTC`
