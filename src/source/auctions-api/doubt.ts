import type { Envelope } from './envelope.ts'

/** Why an envelope cannot be that of the page that was asked for; null if it can. */
export const doubt = ({ hasNext, currentPage, bounds }: Envelope, page: number): string | null => {
  if (hasNext === null) return 'no `links.next` that says whether this is the last page'
  if (currentPage !== null && currentPage !== page) return `page ${currentPage}`
  if (bounds.length === 0 && hasNext) return 'an empty page that is not the last one'
  return null
}
