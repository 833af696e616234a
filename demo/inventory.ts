import { type CarState, fill } from './fill.ts'
import { type Domain, domains } from './lot.ts'
import { type Make, type Model, makes } from './makes.ts'
import { hash, randomStream, shuffle } from './random.ts'
import { markedRecord } from './record.ts'
import { pickShape } from './shape.ts'
import { compileTemplate, restamp, type Template } from './template.ts'

/** What a thousandth of the inventory consists of; car `i` stands in slot `i % 1000`, which makes every listing addressable. */
export type Slot = { readonly make: Make; readonly domain: Domain }

/** Cars by index, computed when asked for: nothing is held per car. */
export type Inventory = {
  readonly total: number
  readonly brandless: number
  readonly slots: readonly Slot[]
  /** Length in bytes of a car's JSON. */
  size(index: number): number
  /** Writes a car's JSON at `at` and returns the offset behind it. */
  write(index: number, state: CarState, into: Buffer, at: number): number
  /** Moves every volatile stamp by `bumps` hours. */
  setEpoch(bumps: number): void
  isBrandless(index: number): boolean
}

type Group = { single: Template[]; multi: Template[] }

/** Stamps count back from here: 2026-11-20T12:00:00Z. */
export const epochSeconds = Date.UTC(2026, 10, 20, 12) / 1000
const slotCount = 1000
const untouched: CarState = { version: 0, changedAt: 0 }

function slotPattern(seed: number): Slot[] {
  const [encar, copart, iaai] = domains
  let toggle = false
  const list = makes.flatMap((make) =>
    Array.from({ length: make.slots }, (_, n) => {
      if (n < make.korea) return { make, domain: encar }
      toggle = !toggle
      return { make, domain: toggle ? copart : iaai }
    }),
  )
  return shuffle(list, randomStream(seed))
}

function buildGroup(
  make: Make | null,
  models: readonly Model[],
  domain: Domain,
  count: number,
  random: () => number,
): Group {
  const build = (lots: number) => (_: unknown, nth: number) => {
    const model = models[nth % models.length] as Model
    const wmi = make === null ? '1ZZ' : make.wmi[domain.id === 12 ? 1 : 0]
    // Five characters of descriptor; a digit for the site keeps VINs of one make apart across sites.
    const prefix = `${wmi}D${String.fromCharCode(65 + (nth % 8))}${domain.id % 10}${nth % 10}${lots}`
    return compileTemplate(markedRecord(make, model, domain, lots, random), pickShape(random), prefix, domain.id !== 12)
  }
  return { single: Array.from({ length: count }, build(1)), multi: Array.from({ length: 1 }, build(2)) }
}

/** An inventory of `total` cars, the last `brandless` of them without a manufacturer. */
export function createInventory(options: { seed: number; total: number; brandless: number }): Inventory {
  const { seed, total, brandless } = options
  const slots = slotPattern(seed)
  const random = randomStream(seed + 5)
  const groups = new Map<string, Group>()
  for (const make of makes) {
    for (const domain of domains) {
      const count = slots.filter((slot) => slot.make === make && slot.domain === domain).length
      const variants = Math.min(8, Math.max(3, Math.ceil(count / 4)))
      if (count > 0) groups.set(`${make.id}/${domain.id}`, buildGroup(make, make.models, domain, variants, random))
    }
  }
  const bare = domains.map((domain) =>
    buildGroup(null, [{ name: 'Other', body: 'sedan', litres: '2.0' }], domain, 3, random),
  )
  const bySlot = slots.map((slot) => groups.get(`${slot.make.id}/${slot.domain.id}`) as Group)
  const bareBySlot = slots.map((slot) => bare[domains.indexOf(slot.domain)] as Group)
  const templates = [...groups.values(), ...bare].flatMap((group) => [...group.single, ...group.multi])
  for (const template of templates) restamp(template, template.fixed, epochSeconds)
  const isBrandless = (index: number) => index >= total - brandless && index < total
  const templateOf = (index: number) => {
    const group = (isBrandless(index) ? bareBySlot : bySlot)[index % slotCount] as Group
    const mix = hash(index, seed + 3)
    const list = mix % 100 < 6 ? group.multi : group.single
    return list[(mix >>> 8) % list.length] as Template
  }
  const setEpoch = (bumps: number) => {
    for (const template of templates) restamp(template, template.moving, epochSeconds + bumps * 3600)
  }
  setEpoch(0)
  return {
    total,
    brandless,
    slots,
    isBrandless,
    setEpoch,
    size: (index) => templateOf(index).bytes.length,
    write(index, state, into, at) {
      const template = templateOf(index)
      fill(template, index, seed, state, into, at)
      return at + template.bytes.length
    },
  }
}

/** The JSON of one car of an inventory, clean and as the listing sends it. */
export function carJson(inventory: Inventory, index: number, state: CarState = untouched): Buffer {
  const bytes = Buffer.allocUnsafe(inventory.size(index))
  inventory.write(index, state, bytes, 0)
  return bytes
}
