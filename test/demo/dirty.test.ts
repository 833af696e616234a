import assert from 'node:assert/strict'
import { test } from 'node:test'
import { carId } from '../../demo/car-id.ts'
import { startDemoApi } from '../../demo/demo-api.ts'
import { type DirtyKind, dirtyCars, dirtyKind, dirtyKinds } from '../../demo/dirty.ts'

test('dirty cars are the fraction asked for and rotate through all kinds', () => {
  const dirty = [...dirtyCars(10_000, 0.03)]
  assert.equal(dirty.length, 300)
  dirty.forEach(({ index, kind }, nth) => {
    assert.equal(kind, dirtyKinds[nth % dirtyKinds.length])
    assert.equal(dirtyKind(index, 0.03), kind)
  })
  assert.equal([...dirtyCars(1000, 0)].length, 0)
  assert.equal([...dirtyCars(1000, 1)].length, 1000)
})

test('each kind is served as named, inside a page that is valid JSON', async () => {
  const api = await startDemoApi({ cars: 3000, dirty: 0.02 })
  const listed = new Map<number, unknown>()
  for (let page = 1; page <= 3; page++) {
    const body = (await (await fetch(`${api.url}/cars?per_page=1000&page=${page}`)).json()) as { data: unknown[] }
    assert.equal(body.data.length, 1000)
    for (const record of body.data) listed.set(listed.size, record)
  }
  await api.close()
  const all = [...dirtyCars(3000, 0.02)]
  const find = (kind: DirtyKind) => {
    const index = all.find((one) => one.kind === kind)?.index as number
    // biome-ignore lint/suspicious/noExplicitAny: records of every malformed shape
    return { index, record: listed.get(index) as any }
  }
  const wanted: Partial<Record<DirtyKind, (record: ReturnType<typeof find>['record'], index: number) => boolean>> = {
    year_zero: (car) => car.year === 0,
    year_text: (car) => /^\d{4}$/.test(car.year),
    price_negative: (car) => car.lots[0].buy_now < 0,
    price_text: (car) => car.lots[0].buy_now === '8200.50',
    odometer_huge: (car) => car.lots[0].odometer.km > 2 ** 31,
    vin_lower: (car) => car.vin === car.vin.toLowerCase(),
    title_nul: (car) => car.title.includes('\u0000'),
    title_surrogate: (car) => !car.title.isWellFormed(),
    text_huge: (car) => Buffer.byteLength(JSON.stringify(car)) > 200_000,
    plain_names: (car) => typeof car.manufacturer === 'string' && typeof car.model === 'string',
    unknown_enums: (car) => car.fuel.id === 99 && car.lots[0].status.id === 42,
    lots_missing: (car) => !('lots' in car),
    id_missing: (car) => !('id' in car),
    not_object_text: (record) => typeof record === 'string',
    not_object_null: (record) => record === null,
    duplicate: (car, index) =>
      car.id !== carId(index) &&
      [...listed.values()].filter((one) => (one as { id?: number } | null)?.id === car.id).length === 2,
    proto_key: (car) => Object.hasOwn(car, '__proto__'),
  }
  for (const [kind, holds] of Object.entries(wanted)) {
    const { record, index } = find(kind as DirtyKind)
    assert.ok(holds(record, index), kind)
  }
})
