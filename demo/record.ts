import { auctionLot } from './auction-lot.ts'
import { encarLot } from './encar-lot.ts'
import type { Domain } from './lot.ts'
import type { Make, Model } from './makes.ts'
import { numberMark, textMark } from './marks.ts'
import { pick } from './random.ts'

const bodies: Record<string, number> = {
  sedan: 1,
  hatchback: 2,
  wagon: 3,
  pickup: 4,
  suv: 5,
  coupe: 6,
  minivan: 7,
  van: 8,
}
const colors = [
  { name: 'silver', id: 1 },
  { name: 'grey', id: 9 },
  { name: 'blue', id: 11 },
  { name: 'white', id: 13 },
  { name: 'black', id: 15 },
] as const
const trims = ['SE', 'Limited', 'Premium', 'Sport', 'Touring'] as const

function fuelOf(litres: string, random: () => number) {
  if (litres === 'electric') return { name: 'electric', id: 2 }
  return random() < 0.75
    ? { name: 'gasoline', id: 4 }
    : random() < 0.5
      ? { name: 'diesel', id: 1 }
      : { name: 'hybrid', id: 3 }
}

function generationOf(make: Make, modelId: number, random: () => number) {
  if (random() < 0.1) return null
  return {
    id: modelId * 3 + 1,
    name: pick(['I', 'II', 'III', 'IV', 'V'], random),
    manufacturer_id: make.id,
    model_id: modelId,
  }
}

/** A whole record with marks where cars differ, in the source's own order of fields. */
export function markedRecord(make: Make | null, model: Model, domain: Domain, lots: number, random: () => number) {
  const brand: Make = make ?? { id: 0, name: 'Unknown', slots: 0, korea: 0, wmi: ['1ZZ', 'KZZ'], models: [] }
  const modelId = brand.id * 10 + Math.max(0, brand.models.indexOf(model))
  const lot = (older: boolean) =>
    domain.id === 12
      ? encarLot({ make: brand, model, random }, older)
      : auctionLot({ make: brand, model, random }, domain, older)
  const litres = Number(model.litres)
  const cylinders = Number.isNaN(litres) ? null : litres >= 5 ? 8 : litres >= 2.9 ? 6 : 4
  return {
    id: numberMark('id'),
    year: numberMark('year'),
    title: `${textMark('year')} ${make === null ? '' : `${brand.name} `}${model.name} ${pick(trims, random)}`,
    vin: textMark('vin'),
    manufacturer: make === null ? null : { id: brand.id, name: brand.name },
    model: make === null ? null : { id: modelId, name: model.name, manufacturer_id: brand.id },
    generation: make === null ? null : generationOf(brand, modelId, random),
    body_type: { name: model.body, id: bodies[model.body] ?? 1 },
    color: random() < 0.04 ? null : pick(colors, random),
    engine: { id: modelId, name: cylinders === null ? 'electric' : `${model.litres}l ${cylinders}` },
    transmission: { name: 'automatic', id: 1 },
    drive_wheel:
      domain.id === 12 ? null : { name: model.body === 'sedan' ? 'front' : 'all', id: model.body === 'sedan' ? 2 : 3 },
    vehicle_type: { name: 'automobile', id: 1 },
    fuel: fuelOf(model.litres, random),
    cylinders: domain.id === 12 ? null : cylinders,
    lots: Array.from({ length: lots }, (_, nth) => lot(nth > 0)),
  }
}
