/** Which pages of other origins may call the function from a browser. */

/** Headers for the answer to a request from `origin`; none where it is not one of ours. */
export const corsHeaders = (origin: string | null, origins: readonly string[]): Record<string, string> =>
  origin === null || !origins.includes(origin)
    ? { vary: 'origin' }
    : {
        vary: 'origin',
        'access-control-allow-origin': origin,
        'access-control-allow-methods': 'GET, POST, OPTIONS',
        'access-control-allow-headers': 'content-type, x-sync-secret, authorization, apikey, x-client-info',
        'access-control-max-age': '600',
      }
