import { carId } from './car-id.ts'
import type { Removal } from './churn.ts'
import { isLiedAbout } from './faults.ts'
import type { Filter } from './listing.ts'
import type { PageBuffers } from './page-buffers.ts'
import type { DemoSettings } from './settings.ts'
import { everything, type Stock } from './stock.ts'
import { stampText } from './template.ts'

/** An answer before limits and faults have had their say. */
export type Answer = {
  status: number
  body: Buffer
  /** Cars in it. */
  records: number
  /** The page of a car listing that was asked for; null for everything else. */
  page: number | null
  filtered: boolean
}

type Paging = { page: number; perPage: number; from: number }

/** Longest period of the feeds, in minutes. */
const longestFeed = 4320

function plain(status: number, body: object): Answer {
  return { status, body: Buffer.from(JSON.stringify(body)), records: 0, page: null, filtered: false }
}

function positive(text: string | null, fallback: number): number {
  const value = Number(text ?? fallback)
  return Number.isInteger(value) && value > 0 ? value : fallback
}

function filterOf(query: URLSearchParams): Filter {
  const makes = query.get('manufacturer_id')
  const domain = query.get('domain_id')
  return { makes: makes ? makes.split(',').map(Number) : null, domain: domain ? Number(domain) : null }
}

/** Laravel's envelope behind the data; `total` null is its simple pagination, which knows no last page. */
function tailOf(
  base: string,
  path: string,
  query: URLSearchParams,
  paging: Paging,
  rows: number,
  more: boolean,
  total: number | null,
) {
  const address = `${base}${path}`
  const rest = [...query].filter(([key]) => key !== 'page')
  const link = (page: number) => `${address}?${new URLSearchParams([...rest, ['page', String(page)]])}`
  const { page, perPage, from } = paging
  const last = total === null ? null : Math.max(1, Math.ceil(total / perPage))
  const links = {
    first: link(1),
    last: last === null ? null : link(last),
    prev: page > 1 ? link(page - 1) : null,
    next: more ? link(page + 1) : null,
  }
  const common = { current_page: page, from: rows > 0 ? from + 1 : null }
  const end = { path: address, per_page: perPage, to: rows > 0 ? from + rows : null }
  const meta = total === null ? { ...common, ...end } : { ...common, last_page: last, ...end, total }
  return `],"links":${JSON.stringify(links)},"meta":${JSON.stringify(meta)}}`
}

/** Answers one GET under `/api`. `nowMs` is the server's clock. */
export function respond(url: URL, stock: Stock, settings: DemoSettings, nowMs: number, buffers: PageBuffers): Answer {
  const path = url.pathname.startsWith('/api/') ? url.pathname.slice(4) : ''
  const query = url.searchParams
  if (path === '/manufacturers/cars') return plain(200, { data: stock.manufacturers() })
  const byId = /^\/cars\/(\d+)$/.exec(path)
  if (byId) {
    const index = stock.find(Number(byId[1]))
    if (index < 0 || settings.faults.byIdDown)
      return plain(404, { message: `No query results for model [Car] ${byId[1]}` })
    const body = Buffer.concat([Buffer.from('{"data":'), stock.car(index), Buffer.from('}')])
    return { status: 200, body, records: 1, page: null, filtered: false }
  }
  if (path !== '/cars' && path !== '/archived-lots') return plain(404, { message: 'Not Found' })

  const asked = positive(query.get('per_page'), settings.defaultPageSize)
  if (asked > settings.maxPageSize && settings.rejectLargePages) {
    const message = `The per page field must not be greater than ${settings.maxPageSize}.`
    return plain(422, { message, errors: { per_page: [message] } })
  }
  const perPage = Math.min(asked, settings.maxPageSize)
  const page = positive(query.get('page'), 1)
  const paging: Paging = { page, perPage, from: (page - 1) * perPage }
  const totals = settings.totals && query.get('simple_paginate') === '0'
  const minutes = query.get('minutes')
  const since = minutes === null ? null : Math.floor(nowMs / 1000 - Math.min(positive(minutes, 60), longestFeed) * 60)
  if (path === '/archived-lots') return archived(stock, settings, query, paging, since, totals, nowMs)
  return cars(stock, settings, query, paging, since, totals, buffers)
}

function cars(
  stock: Stock,
  settings: DemoSettings,
  query: URLSearchParams,
  paging: Paging,
  since: number | null,
  totals: boolean,
  buffers: PageBuffers,
): Answer {
  const filter = filterOf(query)
  const feed = since === null ? null : stock.listing.feed(filter, since)
  const count = feed === null ? stock.listing.count(filter) : feed.length
  const { from, perPage } = paging
  const rows = feed === null ? stock.listing.rows(filter, from, perPage) : feed.slice(from, from + perPage)
  const tail = tailOf(
    settings.linkBase,
    '/cars',
    query,
    paging,
    rows.length,
    from + rows.length < count && rows.length > 0,
    totals ? count : null,
  )
  const filtered = filter.makes !== null || filter.domain !== null || since !== null
  return { status: 200, body: stock.page(rows, tail, buffers), records: rows.length, page: paging.page, filtered }
}

/** The removal feed: flat rows, VINs in lower case, no filter by site (DOMAIN trap 2). */
function archived(
  stock: Stock,
  settings: DemoSettings,
  query: URLSearchParams,
  paging: Paging,
  since: number | null,
  totals: boolean,
  nowMs: number,
): Answer {
  const all = stock.churn.removals().filter((removal) => since === null || removal.at >= since)
  all.push(...lies(stock, settings, Math.floor(nowMs / 1000)))
  const { from, perPage } = paging
  const rows = all.slice(from, from + perPage).map(({ index, at }) => archivedRow(stock, index, at))
  const more = rows.length > 0 && from + rows.length < all.length
  const tail = tailOf(settings.linkBase, '/archived-lots', query, paging, rows.length, more, totals ? all.length : null)
  const body = Buffer.from(`${JSON.stringify({ data: rows }).slice(0, -2)}${tail}`)
  return { status: 200, body, records: 0, page: null, filtered: false }
}

/** Removals that never were. */
function lies(stock: Stock, { faults, seed }: DemoSettings, at: number): Removal[] {
  if (faults.archiveLies === undefined) return []
  const listed = stock.listing.rows(everything, 0, stock.churn.count())
  return listed.filter((index) => isLiedAbout(faults, carId(index), seed)).map((index) => ({ index, at }))
}

type Archivable = {
  id: number
  lot: string
  domain: object
  bid: number | null
  buy_now: number
  final_bid: number | null
  updated_at: string
  sale_date: string | null
}

function archivedRow(stock: Stock, index: number, at: number) {
  const car = JSON.parse(stock.clean(index).toString()) as { vin: string; lots: [Archivable] }
  const [lot] = car.lots
  const moment = lot.updated_at
  return {
    archived_at: stampText(at, 'iso'),
    lot_id: lot.id,
    car_id: carId(index),
    vin: car.vin.toLowerCase(),
    lot: String(lot.lot),
    domain: lot.domain,
    status: index % 3 === 0 ? { name: 'not_sold', id: 8 } : { name: 'sold', id: 6 },
    bid: { value: lot.bid, updated_at: lot.bid === null ? null : moment },
    buy_now: { value: lot.buy_now, updated_at: moment },
    sale_date: { value: lot.sale_date, updated_at: moment },
    final_bid: { value: lot.final_bid, updated_at: lot.final_bid === null ? null : moment },
  }
}
