/**
 * A source of a few cars that lives in memory and is asked through `fetch`. It can lie about what it has, as real ones do,
 * and keeps a log of what it really said.
 */

/** What the source does beside telling the truth. */
export type Lies = {
  /** Cars that are there and listed nowhere: the source has lost a shelf, and its totals agree with that. */
  hidden: ReadonlySet<number>
  /** Cars that are there and that the removal feed names all the same. */
  slandered: ReadonlySet<number>
  /** How questions for one car are answered. */
  byId: 'truly' | 'all-gone' | 'all-there' | 'broken'
  /** Whether it tells totals. */
  totals: boolean
}

export const HONEST: Lies = { hidden: new Set(), slandered: new Set(), byId: 'truly', totals: true }

/** What was said of a car: it stood on a page of cars, or it was asked for by id. */
export type Said = { id: string; what: 'listed' | 'there' | 'gone' }

const BRANDS = ['Audi', 'Kia', 'Honda'] as const
const MAX_PAGE = 3

const json = (body: unknown, status = 200): Response =>
  new Response(JSON.stringify(body), { status, headers: { 'content-type': 'application/json' } })

/** Has `count` cars at first; `now` is its clock, ms. */
export const smallSource = (count: number, now: () => number) => {
  /** When each car came or changed last, by id; those that went have left. */
  const there = new Map<number, number>(Array.from({ length: count }, (_, i) => [i + 1, 0]))
  const gone = new Map<number, number>()
  let lies = HONEST
  let said: Said[] = []
  let before: ((url: URL) => void) | null = null

  const brandOf = (id: number): number => id % BRANDS.length

  const cars = (query: URLSearchParams): Response => {
    const brands = query.get('manufacturer_id')?.split(',')
    const since = query.has('minutes') ? now() - 60_000 * Number(query.get('minutes')) : 0
    const listed = [...there]
      .filter(([id, changedAt]) => !lies.hidden.has(id) && changedAt >= since)
      .map(([id]) => id)
      .filter((id) => brands === undefined || brands.includes(String(brandOf(id))))
      .sort((a, b) => a - b)
    const page = Number(query.get('page'))
    const size = Math.min(MAX_PAGE, Number(query.get('per_page')))
    const counts = query.get('simple_paginate') === '0'
    const rows = listed.slice((page - 1) * size, page * size)
    if (!counts) said.push(...rows.map((id): Said => ({ id: String(id), what: 'listed' })))
    return json({
      data: rows.map((id) => ({
        id,
        manufacturer: { id: brandOf(id), name: BRANDS[brandOf(id)] },
        year: 2020,
        lots: [{ id: 1000 + id, lot: `L${id}`, buy_now: 5000 + (there.get(id)! % 997) }],
      })),
      links: { next: page * size < listed.length ? `http://small.invalid/api/cars?page=${page + 1}` : null },
      meta: { current_page: page, per_page: size, ...(counts && lies.totals ? { total: listed.length } : {}) },
    })
  }

  const archived = (query: URLSearchParams): Response => {
    const since = now() - 60_000 * Number(query.get('minutes'))
    const rows = [...gone, ...[...lies.slandered].map((id): [number, number] => [id, now()])]
    return json({
      data: rows
        .filter(([, at]) => at >= since)
        .map(([id, at]) => ({ car_id: id, archived_at: new Date(at).toISOString() })),
      links: { next: null },
      meta: { current_page: Number(query.get('page')), per_page: 1000 },
    })
  }

  const one = (id: number): Response => {
    const isThere = lies.byId === 'all-there' || (lies.byId === 'truly' && there.has(id))
    if (lies.byId === 'broken') return json({ message: 'Server Error' }, 500)
    said.push({ id: String(id), what: isThere ? 'there' : 'gone' })
    return isThere ? json({ data: { id } }) : json({ message: 'Not found' }, 404)
  }

  const answer = (url: URL): Response => {
    if (url.pathname.endsWith('/manufacturers/cars'))
      return json({ data: BRANDS.map((name, id) => ({ id, name })), links: { next: null } })
    if (url.pathname.endsWith('/archived-lots')) return archived(url.searchParams)
    const [, id] = /\/cars\/(\d+)$/.exec(url.pathname) ?? []
    return id === undefined ? cars(url.searchParams) : one(Number(id))
  }

  return {
    url: 'http://small.invalid/api',
    fetch: (async (input: string | URL | Request) => {
      const url = new URL(String(input))
      before?.(url)
      return answer(url)
    }) as typeof fetch,
    /** From now on. */
    lie: (next: Lies) => {
      lies = next
    },
    /** Called before each request is answered. */
    beforeEach: (act: ((url: URL) => void) | null) => {
      before = act
    },
    /** What was said since this was asked last. */
    heard: (): Said[] => {
      const all = said
      said = []
      return all
    },
    ids: (): number[] => [...there.keys()].sort((a, b) => a - b),
    goes: (id: number) => {
      if (there.delete(id)) gone.set(id, now())
    },
    comes: (id: number) => {
      if (there.has(id)) return
      gone.delete(id)
      there.set(id, now())
    },
    changes: (id: number) => {
      if (there.has(id)) there.set(id, now())
    },
  }
}

export type SmallSource = ReturnType<typeof smallSource>
