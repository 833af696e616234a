/** Cars by brand, and what changed in the last day. */

import { setMakes } from '/cars.js'
import { byId, getJson, make, number, setRows, write } from '/dom.js'
import { carName, count, counted, money, time } from '/format.js'

const KINDS = {
  price_changed: 'price changes',
  listed: 'newly listed',
  removed: 'removed',
  sold: 'sold',
  relisted: 'listed again',
  updated: 'otherwise changed',
}

let changes = { counts: {}, latest: [], partial: false }
let kind = 'price_changed'

const setBrands = (brands) => {
  const all = brands.reduce((sum, { cars }) => sum + cars, 0)
  const removed = brands.reduce((sum, brand) => sum + brand.removed, 0)
  const most = Math.max(1, ...brands.map(({ cars }) => cars))
  write(
    byId('inventory-sum'),
    `${counted(all, 'car')} of ${counted(brands.length, 'brand')}; ${count(removed)} removed`,
  )
  setRows(
    byId('brands'),
    brands.map(({ make: name, cars, onSale }) => {
      const shown = name ?? 'without a brand'
      const bar = make('progress', { max: most, value: cars, 'aria-label': `${shown}: share` })
      return [
        { text: shown, className: 'name', title: shown },
        { text: bar, className: 'share' },
        number(count(cars)),
        number(count(onSale)),
      ]
    }),
    'There are no cars yet.',
  )
  setMakes(brands.map(({ make: name }) => name).filter((name) => name !== null))
}

const priceOf = ({ price, currency }) => {
  if (price === null) return '–'
  return make('span', {}, make('span', { className: 'old' }, money(price.from)), ` ${money(price.to, currency)}`)
}

const setChanges = () => {
  const said = Object.entries(KINDS)
    .filter(([each]) => changes.counts[each])
    .map(([each, name]) => `${count(changes.counts[each])} ${name}`)
  write(
    byId('changes-sum'),
    (said.join(', ') || 'nothing has changed') + (changes.partial ? ' (of the latest 50,000 changes)' : ''),
  )
  setRows(
    byId('changes'),
    changes.latest
      .filter((each) => each.kind === kind)
      .map((each) => [{ text: carName(each), className: 'wide' }, number(priceOf(each)), number(time(each.at))]),
    'None in the last 24 hours.',
  )
}

for (const button of document.querySelectorAll('[data-kind]'))
  button.addEventListener('click', () => {
    kind = button.dataset.kind
    for (const each of document.querySelectorAll('[data-kind]'))
      each.setAttribute('aria-pressed', String(each === button))
    setChanges()
  })

/** Asks anew. The server answers all who ask at about the same time from one look at the database. */
export const refreshInventory = async () => {
  const [brands, latest] = await Promise.all([getJson('/api/inventory'), getJson('/api/changes')])
  changes = latest
  setBrands(brands)
  setChanges()
}
