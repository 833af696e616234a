import { pick } from './random.ts'

/** Ranges a template's numbers vary over; each keeps one width in decimal digits. */
export type Shape = {
  readonly years: readonly [number, number]
  readonly km: readonly [number, number]
  readonly price: readonly [number, number]
  readonly bid: readonly [number, number]
}

type Age = { years: [number, number]; km: [number, number]; prices: readonly [number, number][] }

// KRW = USD × 1400 must keep its width too, hence the gap between 7000 and 7200.
const cheap: [number, number] = [1500, 7000]
const fair: [number, number] = [7200, 9900]
const dear: [number, number] = [10_000, 69_900]

// Miles must keep their width as well: 160,935 km are 100,000 miles.
const ages: readonly Age[] = [
  { years: [2023, 2026], km: [1700, 9999], prices: [dear] },
  { years: [2018, 2024], km: [17_000, 99_990], prices: [dear, dear, fair] },
  { years: [2018, 2024], km: [17_000, 99_990], prices: [dear, fair, cheap] },
  { years: [2012, 2019], km: [100_000, 160_900], prices: [fair, cheap] },
  { years: [2006, 2014], km: [161_000, 320_000], prices: [cheap] },
]

/** A plausible pairing of age, mileage and price. */
export function pickShape(random: () => number): Shape {
  const age = pick(ages, random)
  return {
    years: age.years,
    km: age.km,
    price: pick(age.prices, random),
    bid: pick(
      [
        [100, 990],
        [1000, 9900],
        [1000, 9900],
      ] as [number, number][],
      random,
    ),
  }
}
