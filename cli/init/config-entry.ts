/** The function's entry in somebody's `supabase/config.toml`. */

const ENTRY = `
[functions.cars-sync]
enabled = true
# A key of the project authenticates nobody; the function checks a secret of its own.
verify_jwt = false
import_map = "./functions/cars-sync/deno.json"
entrypoint = "./functions/cars-sync/index.ts"
`

const HEADING = /^\s*\[\s*functions\s*\.\s*(?:cars-sync|"cars-sync")\s*\]/m

/** The same text with the entry at its end; unchanged where there is one, whatever is in it. */
export const withEntry = (config: string): string =>
  HEADING.test(config) ? config : `${config.replace(/\n*$/, '\n')}${ENTRY}`

/** An entry that lets the platform ask callers for a JWT shuts cron out. */
export const asksForJwt = (config: string): boolean => {
  const at = config.search(HEADING)
  if (at < 0) return false
  const [section = ''] = config
    .slice(at)
    .replace(HEADING, '')
    .split(/^\s*\[/m)
  return !/^\s*verify_jwt\s*=\s*false\b/m.test(section)
}
