/** Every limiter that the benchmark and the test go through. */
import { expressLimiters } from './express-rate-limit.ts'
import { haproxyLimiters } from './haproxy.ts'
import type { Limiter } from './limiter.ts'
import { nginxLimiters } from './nginx.ts'
import { flexibleLimiters } from './rate-limiter-flexible.ts'

export const LIMITERS: readonly Limiter[] = [
  ...nginxLimiters,
  ...haproxyLimiters,
  ...expressLimiters,
  ...flexibleLimiters,
]
