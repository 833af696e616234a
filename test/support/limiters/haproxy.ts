/**
 * HAProxy with limits on what its stick table counts by address. No header tells of the limit. The usual recipe counts
 * first and denies then, so that a refused request counts like any other.
 */
import { missingCommand } from './find-command.ts'
import type { Limiter } from './limiter.ts'
import type { Allowance } from './lower-bound.ts'
import { startProxy } from './start-proxy.ts'

/** `store` is what the table keeps; `rules` are HAProxy's own lines. */
type Rules = { store: string; rules: readonly string[] }

// Each request is one line on stdout: its status, and who ended it ("PR": refused by the proxy itself).
const config = ({ store, rules }: Rules, port: number, upstream: string): string => `
global
  log stdout format raw local0
  maxconn 500
defaults
  mode http
  log global
  log-format "%ST %ts"
  timeout connect 5s
  timeout client 60s
  timeout server 60s
  timeout http-keep-alive 60s
frontend cars
  bind 127.0.0.1:${port}
  stick-table type ip size 1k expire 60s store ${store}
${rules.map((rule) => `  ${rule}`).join('\n')}
  default_backend demo
backend demo
  http-reuse always
  server demo ${upstream}
`

const haproxy = (name: string, limit: Allowance, rules: Rules): Limiter => ({
  name: `haproxy ${name}`,
  limit,
  available: () => missingCommand('haproxy', 'haproxy'),
  start: (upstreamUrl) =>
    startProxy(
      {
        command: 'haproxy',
        args: (file) => ['-db', '-f', file],
        config: ({ port, upstream }) => config(rules, port, upstream),
        refusal: /^429 PR/,
      },
      upstreamUrl,
    ),
})

const TRACK = 'http-request track-sc0 src'
const DENY = 'http-request deny deny_status 429 if'

export const haproxyLimiters: readonly Limiter[] = [
  haproxy(
    'http_req_rate(3s) 60',
    { kind: 'sliding-counter', quota: 60, windowMs: 3000 },
    { store: 'http_req_rate(3s)', rules: [TRACK, `${DENY} { sc_http_req_rate(0) gt 60 }`] },
  ),
  haproxy(
    'http_req_rate(5s) 150, refused uncounted',
    { kind: 'sliding-counter', quota: 150, windowMs: 5000 },
    { store: 'http_req_rate(5s)', rules: [`${DENY} { src_http_req_rate ge 150 }`, TRACK] },
  ),
  haproxy(
    'conn_cur 4',
    { kind: 'concurrency', cap: 4 },
    { store: 'conn_cur', rules: [TRACK, `${DENY} { sc_conn_cur(0) gt 4 }`] },
  ),
]
