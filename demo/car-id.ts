import { hash } from './random.ts'

const firstId = 10_000_001
const idStep = 7

/** The source's id of car `index`: growing, with gaps, eight digits up to 12 million cars. */
export function carId(index: number): number {
  return firstId + index * idStep + (hash(index, 11) % idStep)
}

/** The index of the car with this id, or -1 if no car can have it. */
export function carIndex(id: number): number {
  const index = Math.floor((id - firstId) / idStep)
  return index >= 0 && Number.isInteger(id) && carId(index) === id ? index : -1
}
