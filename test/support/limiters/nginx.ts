/**
 * nginx as a reverse proxy with `limit_req` and `limit_conn`. A refused request does not count against the limit, and no
 * header tells of it.
 */
import { missingCommand } from './find-command.ts'
import type { Limiter } from './limiter.ts'
import type { Allowance } from './lower-bound.ts'
import { startProxy } from './start-proxy.ts'

/** `zone` and `rule` are nginx's own lines: what is counted, and what is allowed. */
type Rules = { zone: string; rule: string }

const config = ({ zone, rule }: Rules, port: number, upstream: string, folder: string): string => `
daemon off;
master_process off;  # one process, so that one signal ends it
pid ${folder}/nginx.pid;
error_log stderr error;
events { worker_connections 512; }
http {
  access_log off;
  client_body_temp_path ${folder}/body;
  proxy_temp_path ${folder}/proxy;
  fastcgi_temp_path ${folder}/fastcgi;
  uwsgi_temp_path ${folder}/uwsgi;
  scgi_temp_path ${folder}/scgi;
  ${zone}
  upstream demo { server ${upstream}; keepalive 64; }
  server {
    listen 127.0.0.1:${port};
    location / {
      ${rule}
      proxy_pass http://demo;
      proxy_http_version 1.1;
      proxy_set_header Connection "";
      proxy_buffering off;
    }
  }
}
`

const nginx = (name: string, limit: Allowance, rules: Rules): Limiter => ({
  name: `nginx ${name}`,
  limit,
  available: () => missingCommand('nginx', 'nginx-light'),
  start: (upstreamUrl) =>
    startProxy(
      {
        command: 'nginx',
        args: (file, folder) => ['-p', folder, '-e', 'stderr', '-c', file],
        config: ({ port, upstream, folder }) => config(rules, port, upstream, folder),
        refusal: /limiting (?:requests|connections)/,
      },
      upstreamUrl,
    ),
})

const requestZone = (rate: number): string => `limit_req_zone $binary_remote_addr zone=cars:1m rate=${rate}r/s;`

// nginx's `burst` is what may exceed the rate: one more than that passes at once.
export const nginxLimiters: readonly Limiter[] = [
  nginx(
    'limit_req 25r/s',
    { kind: 'token-bucket', rate: 25, burst: 1 },
    { zone: requestZone(25), rule: 'limit_req zone=cars; limit_req_status 429;' },
  ),
  nginx(
    'limit_req 40r/s burst=20 nodelay',
    { kind: 'token-bucket', rate: 40, burst: 21 },
    { zone: requestZone(40), rule: 'limit_req zone=cars burst=20 nodelay; limit_req_status 429;' },
  ),
  nginx(
    'limit_req 30r/s burst=10 (queue)',
    { kind: 'leaky-queue', rate: 30, burst: 10 },
    { zone: requestZone(30), rule: 'limit_req zone=cars burst=10; limit_req_status 429;' },
  ),
  nginx(
    'limit_req 30r/s burst=10 nodelay, 503',
    { kind: 'token-bucket', rate: 30, burst: 11 },
    { zone: requestZone(30), rule: 'limit_req zone=cars burst=10 nodelay;' },
  ),
  nginx(
    'limit_conn 4',
    { kind: 'concurrency', cap: 4 },
    {
      zone: 'limit_conn_zone $binary_remote_addr zone=cars:1m;',
      rule: 'limit_conn cars 4; limit_conn_status 429;',
    },
  ),
]
