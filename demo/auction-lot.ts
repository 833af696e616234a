import { type Domain, day, type Site, slug, stamps } from './lot.ts'
import { numberMark, stampMark, textMark } from './marks.ts'
import { pick } from './random.ts'

const places = [
  ['tx', 'texas', 'dallas', '75236', 32.6901, -96.9313],
  ['ca', 'california', 'fremont', '94538', 37.5012, -121.9577],
  ['nj', 'new jersey', 'somerville', '08876', 40.5743, -74.6099],
  ['fl', 'florida', 'orlando', '32824', 28.4102, -81.3713],
  ['il', 'illinois', 'wheeling', '60090', 42.1392, -87.9289],
  ['ga', 'georgia', 'atlanta', '30349', 33.6053, -84.4814],
] as const
const damages = [
  'Front End',
  'Rear',
  'Left Side',
  'Right Side',
  'Hail',
  'Minor Dent/Scratches',
  'Normal Wear & Tear',
] as const
const titles = ['Salvage', 'Clear', 'Rebuilt', 'Certificate of Destruction'] as const
const sellers = ['Example Mutual Insurance', 'Sample Rental Fleet', 'Northern Demo Casualty'] as const

/** A lot of an American auction: bids, damage, branch, `details` null. */
export function auctionLot(site: Site, domain: Domain, older: boolean) {
  const { random, make, model } = site
  const at = stamps(random)
  const place = pick(places, random)
  const iaai = domain.id === 1
  const field = older ? 'olderLot' : 'lot'
  const lot = textMark(field)
  const kind = older ? 'past' : pick(['auction', 'auction', 'both', 'both', 'sold', 'future'] as const, random)
  const host = iaai
    ? 'https://img.example.com/iaai/resizer?imageKeys='
    : 'https://img.example.com/copart/v1/AUTH_svc.pdoc00001/ids-c-prod-lpp/'
  const picture = (form: string) => (n: number) => `${host}${lot}/${lot}~SID~B134~S0~I${n}_${form}.jpg`
  const priced = kind === 'both' || kind === 'future'
  const bid = kind === 'future' ? null : numberMark('bid')
  return {
    id: numberMark(older ? 'olderLotId' : 'lotId'),
    // The source sends the number as a string in most places and as a number in some.
    lot: field === 'lot' && random() < 0.1 ? numberMark('lot') : lot,
    domain,
    external_id: iaai ? `${lot}~US` : null,
    odometer: { km: numberMark('km'), mi: numberMark('mi'), status: { name: 'actual', id: 1 } },
    estimate_repair_price: iaai ? null : 1000 + Math.floor(random() * 9000),
    pre_accident_price: iaai ? null : 9000 + Math.floor(random() * 20_000),
    clean_wholesale_price: null,
    actual_cash_value: iaai ? 2000 + Math.floor(random() * 20_000) : null,
    sale_date:
      kind === 'both'
        ? null
        : stampMark('iso', kind === 'auction' ? -9 * day : kind === 'future' ? -30 * day : 2 * day, false),
    sale_date_updated_at: at.iso,
    bid,
    bid_updated_at: bid === null ? null : at.sql,
    buy_now: priced ? numberMark('price') : 0,
    buy_now_updated_at: at.iso,
    final_bid: kind === 'sold' ? bid : null,
    final_bid_updated_at: kind === 'sold' ? at.iso : null,
    status:
      kind === 'past'
        ? { name: 'not_sold', id: 8 }
        : kind === 'sold'
          ? { name: 'sold', id: 6 }
          : kind === 'future'
            ? { name: 'future', id: 9 }
            : { name: textMark('status'), id: numberMark('statusId') },
    seller: iaai
      ? { id: 1 + Math.floor(random() * 9), name: pick(sellers, random), logo: null, is_insurance: true }
      : null,
    seller_type: iaai ? { name: 'insurance', id: 1 } : null,
    title: { id: 380 + Math.floor(random() * 9), code: null, name: pick(titles, random) },
    detailed_title: { id: 1450 + Math.floor(random() * 90), code: null, name: `${place[0]} - ${pick(titles, random)}` },
    note: null,
    damage: {
      main: { id: 3, name: pick(damages, random) },
      second: random() < 0.5 ? null : { id: 4, name: pick(damages, random) },
    },
    keys_available: random() < 0.8,
    airbags: iaai ? { name: 'intact', id: 1 } : null,
    condition: random() < 0.7 ? { name: 'run_and_drives', id: 0 } : { name: 'engine_starts', id: 6 },
    grade_iaai: iaai ? 10 + Math.floor(random() * 30) : null,
    images: {
      id: numberMark('imagesId'),
      small: older ? null : [picture('thb')(1)],
      normal: older ? [picture('hrs')(1)] : [1, 2, 3].map(picture('hrs')),
      big: older ? null : [picture('ful')(1)],
      exterior: null,
      interior: null,
      video: null,
      video_youtube_id: null,
      external_panorama_url: null,
      downloaded: older
        ? null
        : [`https://img.example.com/i/${domain.name}/${slug(make.name)}/${slug(model.name)}/${textMark('vin')}-1.webp`],
    },
    location: {
      country: { iso: 'us', name: 'USA' },
      state: { id: 80 + Math.floor(random() * 9), code: place[0], name: place[1] },
      city: { id: 10 + Math.floor(random() * 80), name: place[2] },
      location: { id: 57, name: `${place[0]} - ${place[2]}` },
      latitude: place[4],
      longitude: place[5],
      postal_code: place[3],
      is_offsite: null,
      raw: `${place[0]} - ${place[2]}`,
      offsite: null,
    },
    tags: iaai ? null : ['AUTOCHECK', 'CERT-D', 'IV'],
    selling_branch: {
      name: `${place[0]} - ${place[2]}`,
      link: null,
      number: null,
      id: 540_000 + Math.floor(random() * 900),
      domain_id: domain.id,
    },
    created_at: at.created,
    updated_at: at.iso,
    details: null,
    is_timed_auction: false,
    auction_type: iaai ? { name: 'live', id: 4 } : { name: 'minimum_bid', id: 2 },
  }
}
