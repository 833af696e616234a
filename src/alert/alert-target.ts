/** Where alerts are sent and what they are signed with, from settings that are both secrets: neither is ever shown. */
import { Buffer } from 'node:buffer'
import { ConfigError } from '../errors.ts'

/** `host` may be shown; the rest of the address may hold a token. */
export type AlertTarget = { url: string; host: string; key: Uint8Array }

const KEY_BYTES = { least: 24, most: 64 }
const MAKE_ONE = 'Make one: echo "whsec_$(openssl rand -base64 32)"'

/** The address as it is used. Throws ConfigError, which does not repeat it. */
export const parseWebhook = (name: string, text: string): string => {
  const url = URL.canParse(text) ? new URL(text) : null
  if (!url || !/^https?:$/.test(url.protocol) || url.username || url.password || url.hash)
    throw new ConfigError(
      `${name}: wanted an http or https address without user, password or fragment, for example https://hooks.example.com/carsync; got another (it is not shown, for it may hold a secret).`,
    )
  return url.href
}

/** The secret as it is written. Throws ConfigError, which does not repeat it. */
export const parseSigningSecret = (name: string, text: string): string => {
  const [, written] = /^whsec_([A-Za-z0-9+/]+={0,2})$/.exec(text) ?? []
  const length = Buffer.from(written ?? '', 'base64').byteLength
  if (length < KEY_BYTES.least || length > KEY_BYTES.most)
    throw new ConfigError(
      `${name}: wanted whsec_ and then ${KEY_BYTES.least} to ${KEY_BYTES.most} bytes in base64; got something else (it is not shown). ${MAKE_ONE}`,
    )
  return text
}

/** null: no webhook is configured. Throws ConfigError where one of the two settings lacks the other. */
export const alertTargetOf = (options: { alertUrl: string | null; alertSecret: string | null }): AlertTarget | null => {
  const { alertUrl: url, alertSecret: secret } = options
  if (url === null && secret === null) return null
  if (secret === null)
    throw new ConfigError(
      `CARSYNC_ALERT_SECRET: wanted the secret that alerts are signed with, because CARSYNC_ALERT_URL is set; got nothing. ${MAKE_ONE}`,
    )
  if (url === null)
    throw new ConfigError(
      'CARSYNC_ALERT_URL: wanted the address that alerts are sent to, because CARSYNC_ALERT_SECRET is set; got nothing. For example CARSYNC_ALERT_URL=https://hooks.example.com/carsync',
    )
  return { url, host: new URL(url).host, key: Buffer.from(secret.slice('whsec_'.length), 'base64') }
}
