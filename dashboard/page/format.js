/** Figures as people read them. */

const whole = new Intl.NumberFormat('en', { maximumFractionDigits: 0 })
const fine = new Intl.NumberFormat('en', { maximumFractionDigits: 1 })
const clock = new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit', second: '2-digit' })
const day = new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'short', hour: '2-digit', minute: '2-digit' })

export const count = (n) => (n === null || n === undefined ? '–' : whole.format(n))

/** "1 car", "190,000 cars" */
export const counted = (n, one) => `${count(n)} ${n === 1 ? one : `${one}s`}`
export const rate = (n) => (n === null || n === undefined ? '–' : n >= 100 ? whole.format(n) : fine.format(n))
export const percent = (share) => `${fine.format(Math.min(1, Math.max(0, share)) * 100)}%`

export const duration = (ms) => {
  const seconds = Math.max(0, Math.round(ms / 1000))
  if (seconds < 60) return `${seconds} s`
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ${String(seconds % 60).padStart(2, '0')} s`
  return `${Math.floor(seconds / 3600)} h ${String(Math.floor(seconds / 60) % 60).padStart(2, '0')} min`
}

/** A duration for an axis, where there is little room: 0:30, 12:30, 1:02:30. */
export const shortDuration = (seconds) => {
  const parts = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, Math.floor(seconds % 60)]
  const shown = parts[0] === 0 ? parts.slice(1) : parts
  return shown.map((part, i) => (i === 0 ? String(part) : String(part).padStart(2, '0'))).join(':')
}

/** How long ago, no finer than it matters. */
export const age = (ms) => (ms < 3_600_000 ? `${Math.max(0, Math.floor(ms / 60_000))} min` : duration(ms))

/** Two times that are short, the longer one last: in seconds where that is long, and tenths only where they matter. */
export const milliseconds = (mean, most) => {
  const [unit, name] = most < 9950 ? [1, 'ms'] : [1000, 's']
  const [one, other] = [mean, most].map((ms) => (ms < 10 * unit ? fine : whole).format(ms / unit))
  return `${one} (${other}) ${name}`
}

/** An estimate as the range that it is. */
export const range = ({ low, high }) => {
  const unit = high < 90_000 ? [1000, 's'] : high < 5_400_000 ? [60_000, 'min'] : [3_600_000, 'h']
  const [from, to] = [low / unit[0], high / unit[0]].map((n) => (unit[1] === 'h' ? fine.format(n) : whole.format(n)))
  return from === to ? `${from} ${unit[1]}` : `${from} to ${to} ${unit[1]}`
}

export const time = (iso) => clock.format(new Date(iso))
export const moment = (iso) => day.format(new Date(iso))

/** Exact decimal text with its currency; only the thousands are set apart. */
export const money = (text, currency) => {
  if (text === null || text === undefined) return '–'
  const [units, cents] = text.split('.')
  const rest = cents === undefined || /^0*$/.test(cents) ? '' : `.${cents}`
  return `${units.replace(/\B(?=(\d{3})+$)/g, ',')}${rest}${currency ? ` ${currency}` : ''}`
}

export const carName = (car) => car.title ?? ([car.make, car.model].filter(Boolean).join(' ') || `Car ${car.sourceId}`)
