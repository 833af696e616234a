/** The table of cars: searched, filtered, paged by key. */
import { byId, getJson, make, number, setRows, write } from '/dom.js'
import { carName, count, moment, money } from '/format.js'

const form = byId('filter')
/** The keys that led to the pages before, the first of them null. */
let way = [null]
let next = null
let latest = 0

const rowOf = (car) => [
  { text: carName(car), className: 'wide' },
  number(car.year === null ? '–' : String(car.year)),
  number(money(car.price, car.currency)),
  number(count(car.mileageKm)),
  car.removedAt === null ? car.status.replace('_', ' ') : `removed ${moment(car.removedAt)}`,
  [car.city, car.country].filter(Boolean).join(', ') || '–',
  car.vin,
  car.sourceId,
  moment(car.changedAt),
]

/** Asks for the page at the end of the way. An answer that was overtaken by a later question is dropped. */
export const refreshCars = async () => {
  const asked = ++latest
  const question = new URLSearchParams(new FormData(form))
  const after = way.at(-1)
  if (after !== null) question.set('after', after)
  try {
    const page = await getJson(`/api/cars?${question}`)
    if (asked !== latest) return
    next = page.next
    setRows(byId('cars'), page.cars.map(rowOf), 'There are no such cars.')
    write(byId('cars-where'), `Page ${count(way.length)}${next === null ? ', the last' : ''}`)
  } catch (error) {
    write(byId('cars-where'), error.message)
  }
  byId('cars-before').disabled = way.length === 1
  byId('cars-next').disabled = next === null
}

const begin = () => {
  way = [null]
  byId('cars').closest('.scroll').scrollTop = 0
  refreshCars()
}

form.addEventListener('submit', (event) => {
  event.preventDefault()
  begin()
})
form.make.addEventListener('change', begin)
form.show.addEventListener('change', begin)
byId('cars-next').addEventListener('click', () => {
  way.push(next)
  refreshCars()
})
byId('cars-before').addEventListener('click', () => {
  way.pop()
  refreshCars()
})

let known = ''
/** The makes to choose from; what was chosen stays so. */
export const setMakes = (makes) => {
  const sorted = [...makes].sort((a, b) => a.localeCompare(b))
  if (known === sorted.join('\n')) return
  known = sorted.join('\n')
  const chosen = form.make.value
  form.make.replaceChildren(
    make('option', { value: '' }, 'all'),
    ...sorted.map((name) => make('option', { value: name }, name)),
  )
  form.make.value = sorted.includes(chosen) ? chosen : ''
}
