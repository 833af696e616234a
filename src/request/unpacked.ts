/** Bodies that came packed, for an HTTP client that does not unpack. */
import { pipeline, type Readable } from 'node:stream'
import { constants, createBrotliDecompress, createGunzip, createInflate } from 'node:zlib'

/** As lenient with a last block that is missing as `fetch` is: what is read from the body tells whether it is whole. */
const LENIENT = { flush: constants.Z_SYNC_FLUSH, finishFlush: constants.Z_SYNC_FLUSH }
const UNPACKERS: Readonly<Record<string, () => NodeJS.ReadWriteStream & Readable>> = {
  gzip: () => createGunzip(LENIENT),
  'x-gzip': () => createGunzip(LENIENT),
  deflate: () => createInflate(LENIENT),
  br: () =>
    createBrotliDecompress({
      flush: constants.BROTLI_OPERATION_FLUSH,
      finishFlush: constants.BROTLI_OPERATION_FLUSH,
    }),
}

/** What to ask for: the value of `Accept-Encoding`. Without `deflate`, which servers send with its header or without. */
export const PACKINGS = 'gzip, br'

/** The body unpacked, in the reverse order of its codings; as it is where one of them is unknown. `encoding`: its `Content-Encoding`. */
export const unpacked = (body: Readable, encoding: string): Readable => {
  const codings = encoding
    .split(',')
    .map((coding) => coding.trim().toLowerCase())
    .filter((coding) => coding !== '' && coding !== 'identity')
  if (!codings.every((coding) => Object.hasOwn(UNPACKERS, coding))) return body
  // What goes wrong is heard by whoever reads the last of them.
  return codings.reverse().reduce<Readable>((from, coding) => pipeline(from, UNPACKERS[coding]!(), () => {}), body)
}
