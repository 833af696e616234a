/** Who may ask at all, and who may have something done. */
import { createHash, timingSafeEqual } from 'node:crypto'

const LOOPBACK = /^(?:localhost|127\.0\.0\.1|\[::1\])(?::\d{1,5})?$/i

/**
 * Why this request is refused before anything is looked at; null: it is not. A page of another site that has its name
 * point to this machine comes with its own name as Host; a script of another site comes with its Origin.
 */
export const refusalOf = (request: Request): string | null => {
  const host = request.headers.get('host') ?? new URL(request.url).host
  if (!LOOPBACK.test(host))
    return 'Wanted a request to localhost, 127.0.0.1 or [::1]; the Host header names another machine.'
  const origin = request.headers.get('origin')
  if (origin !== null && origin !== `http://${host}`)
    return 'Wanted a request from this page itself; it comes from another origin.'
  const site = request.headers.get('sec-fetch-site')
  if (site !== null && site !== 'same-origin' && site !== 'none')
    return 'Wanted a request from this page itself; the browser says that another site made it.'
  return null
}

const digest = (text: string): Buffer => createHash('sha256').update(text).digest()

/** Whether the request carries the token. The time it takes says nothing of how much of it was right. */
export const hasToken = (request: Request, token: string): boolean => {
  const given = /^Bearer (.+)$/.exec(request.headers.get('authorization') ?? '')?.[1] ?? ''
  return timingSafeEqual(digest(given), digest(token))
}
