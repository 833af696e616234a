/**
 * What the size of a page, compression and connections that are kept cost and gain: pages of the demo inventory, asked for
 * one after the other, over a link of 20 ms there and back, and once more without the link for the CPU time.
 */

import { fetchPage } from '../src/fetch-page.ts'
import { realWorld } from '../src/node.ts'
import { auctionsApi } from '../src/source/auctions-api.ts'
import { slowLink } from '../test/support/slow-link.ts'
import { ownCpuMs } from './cpu-time.ts'
import { startDemoProcess } from './measure.ts'
import { ratio, type Table, thousands } from './table.ts'

const CARS = 190_000
const ROUND_TRIP_MS = 20
const SIZES = [50, 250, 1000]
/** So many cars are read each way. */
const SAMPLE = 10_000

type Way = { size: number; isPacked: boolean; isKept: boolean }
type Taken = { pageMs: number; wireBytes: number; cpuUs: number }

const read = async (baseUrl: string, { size, isPacked, isKept }: Way): Promise<Taken> => {
  const pages = Math.min(40, SAMPLE / size)
  let wireBytes = 0
  const [began, cpu] = [performance.now(), process.cpuUsage()]
  for (let page = 1; page <= pages; page++) {
    const request = auctionsApi.pageRequest({ baseUrl, apiKey: 'demo' }, { filter: {}, pageSize: size, page })
    const headers = {
      ...request.headers,
      'accept-encoding': isPacked ? 'gzip' : 'identity',
      ...(isKept ? {} : { connection: 'close' }),
    }
    const reply = await fetchPage({ ...request, headers }, realWorld, { timeoutMs: 30_000, maxBytes: 64 << 20 })
    if (reply.kind !== 'reply' || reply.status !== 200)
      throw new Error(`Wanted page ${page}, got ${JSON.stringify(reply)}`)
    wireBytes += Number(reply.headers.get('content-length'))
  }
  return {
    pageMs: (performance.now() - began) / pages,
    wireBytes: wireBytes / (pages * size),
    cpuUs: (ownCpuMs(cpu) * 1000) / (pages * size),
  }
}

export const requests = async (): Promise<Table> => {
  const demo = await startDemoProcess(['--cars', String(CARS), '--gzip'])
  const link = await slowLink(demo.url, ROUND_TRIP_MS)
  try {
    const ways = SIZES.flatMap((size) =>
      [false, true].flatMap((isPacked) => [true, false].map((isKept): Way => ({ size, isPacked, isKept }))),
    )
    const rows = []
    for (const way of ways) {
      await read(demo.url, way)
      const direct = await read(demo.url, way)
      const linked = await read(link.url, way)
      rows.push([
        `${way.size} a page, ${way.isPacked ? 'packed' : 'plain'}, ${way.isKept ? 'kept' : 'new'} connections`,
        thousands(CARS / way.size),
        Math.round(linked.pageMs),
        ratio((linked.pageMs * CARS) / way.size / 60_000),
        thousands(linked.wireBytes),
        direct.cpuUs.toFixed(1),
      ])
    }
    return {
      head: ['way', 'requests', 'ms a page', 'minutes one by one', 'bytes a car', 'CPU µs a car'],
      rows,
      notes: [
        `For ${thousands(CARS)} cars, from samples of at most ${thousands(SAMPLE)}; ${ROUND_TRIP_MS} ms there and back. The demo's records are alike, so they pack better than real ones.`,
      ],
    }
  } finally {
    await link.close()
    demo.close()
  }
}
