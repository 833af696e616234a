import { type Site, slug, stamps } from './lot.ts'
import { numberMark, textMark } from './marks.ts'
import { pick } from './random.ts'

const koreanCities = ['Suwon', 'Incheon', 'Busan', 'Daegu', 'Goyang', 'Daejeon', 'Gwangju'] as const
const sentences = [
  '무사고 차량이며 실내외 상태가 매우 좋습니다.',
  '정기적으로 점검을 받은 1인 소유 차량입니다.',
  '타이어와 브레이크 패드를 최근에 교체했습니다.',
  '비흡연 차량으로 시트 오염이 없습니다.',
  '성능 점검 기록부를 언제든지 보여 드립니다.',
  '전국 어디든 탁송이 가능합니다.',
  '썬루프, 열선 시트, 후방 카메라가 있습니다.',
] as const

/** A lot of a Korean dealer: a fixed price, `details` filled, nothing about auctions. */
export function encarLot(site: Site, older: boolean) {
  const { random, make, model } = site
  const at = stamps(random)
  const lot = textMark(older ? 'olderLot' : 'lot')
  const picture = (n: number) =>
    `https://img.example.com/encar/carpicture/pic${lot}/${lot}_00${n}.jpg?rh=600&cw=800&ch=600&cg=Center`
  const litres = Number(model.litres) || 0
  return {
    id: numberMark(older ? 'olderLotId' : 'lotId'),
    lot,
    domain: { name: 'encar_com', id: 12 },
    external_id: null,
    odometer: { km: numberMark('km'), mi: numberMark('mi'), status: { name: 'actual', id: 1 } },
    estimate_repair_price: null,
    pre_accident_price: null,
    clean_wholesale_price: null,
    actual_cash_value: null,
    sale_date: null,
    sale_date_updated_at: null,
    bid: null,
    bid_updated_at: null,
    buy_now: numberMark('price'),
    buy_now_updated_at: at.iso,
    final_bid: null,
    final_bid_updated_at: null,
    status: older ? { name: 'not_sold', id: 8 } : { name: textMark('status'), id: numberMark('statusId') },
    seller: null,
    seller_type: null,
    title: null,
    detailed_title: null,
    damage: { main: null, second: null },
    keys_available: true,
    airbags: null,
    condition: { name: 'run_and_drives', id: 0 },
    grade_iaai: null,
    images: {
      id: numberMark('imagesId'),
      small: null,
      normal: older ? [picture(1)] : [1, 2, 3, 4].map(picture),
      big: older ? null : [picture(1)],
      exterior: null,
      interior: null,
      video: null,
      downloaded: [`https://img.example.com/i/encar/${slug(make.name)}/${lot}-1.webp`],
    },
    location: {
      country: { iso: 'kr', name: 'KR' },
      state: null,
      city: { id: 1700 + Math.floor(random() * 90), name: pick(koreanCities, random) },
      location: null,
      latitude: null,
      longitude: null,
      postal_code: null,
      raw: null,
    },
    tags: null,
    selling_branch: null,
    created_at: at.created,
    updated_at: at.iso,
    details: older ? null : details(random, litres),
    auction_type: null,
  }
}

function details(random: () => number, litres: number) {
  return {
    engine_volume: litres === 0 ? null : Math.round(litres * 1000) - 2,
    original_price: numberMark('krw'),
    first_registration: {
      year: numberMark('year'),
      month: 1 + Math.floor(random() * 9),
      day: 1 + Math.floor(random() * 9),
    },
    badge: pick(['Premium', 'Exclusive', 'Luxury Line', 'Inspiration', 'Prestige'], random),
    comment: null,
    description_ko: Array.from({ length: 3 }, () => pick(sentences, random)).join('\n'),
    inspect: {
      accident_summary: { accident: 'doesnt_exist', simple_repair: 'yes' },
      outer: { front_door_left: ['exchange'] },
    },
    insurance: { accidentCnt: Math.floor(random() * 3), ownerChangeCnt: Math.floor(random() * 4) },
    options: { standard: ['001', '002', '005', '010', '014', '058'], choice: [], tuning: [] },
    seats_count: 5,
    sell_type: 'normal',
    is_leasing: false,
  }
}
