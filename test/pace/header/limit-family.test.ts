import { DAY, IN_30_S, limit, MINUTE, NOW, table } from '../header-table.ts'

table('a family of headers', [
  ['Laravel', { 'X-RateLimit-Limit': '60', 'X-RateLimit-Remaining': '59' }, [limit('', 60, null, 59)]],
  [
    'GitHub',
    {
      'x-ratelimit-limit': '5000',
      'x-ratelimit-remaining': '4999',
      'x-ratelimit-reset': IN_30_S,
      'x-ratelimit-used': '1',
    },
    [limit('', 5000, null, 4999, 30_000)],
  ],
  [
    'an instant is measured by the clock of the reply',
    { 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': IN_30_S, date: new Date(NOW + 20_000).toUTCString() },
    [limit('', null, null, 0, 10_000)],
  ],
  [
    'milliseconds, in the spelling with two hyphens',
    { 'x-rate-limit-limit': '10000', 'x-rate-limit-remaining': '0', 'x-rate-limit-reset': '600000' },
    [limit('', 10_000, null, 0, 600_000)],
  ],
  [
    'WHOOP: `window` for w',
    {
      'x-ratelimit-limit': '100, 100;window=60, 10000;window=86400',
      'x-ratelimit-remaining': '98',
      'x-ratelimit-reset': '3',
    },
    [limit('', 100, MINUTE, 98, 3000), limit('', 10_000, DAY)],
  ],
  [
    'Brave: lists, whose policies have a header',
    {
      'x-ratelimit-limit': '1, 15000',
      'x-ratelimit-policy': '1;w=1, 15000;w=2592000',
      'x-ratelimit-remaining': '0, 1000',
      'x-ratelimit-reset': '1, 1419704',
    },
    [limit('', 1, 1000, 0, 1000), limit('', 15_000, 30 * DAY, 1000, 1_419_704_000)],
  ],
  [
    'lists of different lengths belong to none',
    { 'x-ratelimit-limit': '60', 'x-ratelimit-remaining': '59, 4999', 'x-ratelimit-reset': '1, 2, 3' },
    [limit('', null, null, 59), limit('', null, null, 4999)],
  ],
  [
    'Kong: windows in the name, and the one that binds most once more',
    {
      'ratelimit-limit': '5',
      'ratelimit-remaining': '4',
      'ratelimit-reset': '1',
      'x-ratelimit-limit-second': '5',
      'x-ratelimit-remaining-second': '4',
      'x-ratelimit-limit-hour': '10000',
      'x-ratelimit-remaining-hour': '9998',
    },
    [limit('second', 5, 1000, 4, 1000), limit('hour', 10_000, 3_600_000, 9998)],
  ],
  [
    'other windows, and a reset in milliseconds, which no second is as long as',
    {
      'x-ratelimit-remaining-second': '1',
      'x-ratelimit-reset-second': '850',
      'x-ratelimit-remaining-day': '2',
      'x-ratelimit-limit-month': '3',
      'x-ratelimit-reset-month': '1419704',
      'x-rate-limit-limit-minute': '4',
    },
    [
      limit('second', null, 1000, 1, 850),
      limit('day', null, DAY, 2),
      limit('month', 3, 31 * DAY, null, 1_419_704_000),
      limit('minute', 4, MINUTE),
    ],
  ],
  [
    'OpenAI: requests, not tokens',
    {
      'x-ratelimit-limit-requests': '60',
      'x-ratelimit-remaining-requests': '59',
      'x-ratelimit-reset-requests': '6m0s',
      'x-ratelimit-limit-tokens': '150000',
      'x-ratelimit-remaining-tokens': '0',
    },
    [limit('requests', 60, null, 59, 6 * MINUTE)],
  ],
  [
    'API-Sports and RapidAPI: the quota of the plan beside the limit of a minute',
    {
      'x-ratelimit-limit': '10',
      'x-ratelimit-remaining': '9',
      'x-ratelimit-requests-limit': '100',
      'x-ratelimit-requests-remaining': '99',
      'x-ratelimit-requests-reset': '1419704',
    },
    [limit('', 10, null, 9), limit('requests', 100, null, 99, 1_419_704_000)],
  ],
  [
    'Discord: the seconds to go, which need no clock, before the instant',
    {
      'x-ratelimit-limit': '5',
      'x-ratelimit-remaining': '0',
      'x-ratelimit-reset': IN_30_S,
      'x-ratelimit-reset-after': '29.123',
    },
    [limit('', 5, null, 0, 29_123)],
  ],
  [
    'Spring Cloud Gateway: a bucket, in tokens',
    {
      'x-ratelimit-remaining': '38',
      'x-ratelimit-burst-capacity': '40',
      'x-ratelimit-replenish-rate': '20',
      'x-ratelimit-requested-tokens': '2',
    },
    [limit('', 20, 2000, 19)],
  ],
  [
    'Spring Cloud Gateway, less than one a second',
    {
      'x-ratelimit-remaining': '0',
      'x-ratelimit-burst-capacity': '60',
      'x-ratelimit-replenish-rate': '1',
      'x-ratelimit-requested-tokens': '40',
    },
    [limit('', 0.05, 2000, 0)],
  ],
  [
    'Spring Cloud Gateway, one that does not know what is left',
    { 'x-ratelimit-remaining': '-1', 'x-ratelimit-burst-capacity': '40', 'x-ratelimit-replenish-rate': '20' },
    [limit('', 40, 2000)],
  ],
  [
    'Spring Cloud Gateway, a bucket that never fills: what is left',
    { 'x-ratelimit-remaining': '7', 'x-ratelimit-burst-capacity': '40', 'x-ratelimit-replenish-rate': '0' },
    [limit('', null, null, 7)],
  ],
  [
    'a limit of nothing is none, for the reply was let in: Tyk, where there is no quota',
    { 'x-ratelimit-limit': '0', 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': '0' },
    [],
  ],
  [
    'what is no count is ignored',
    { 'x-ratelimit-limit': 'unlimited', 'x-ratelimit-remaining': '-1', 'x-ratelimit-reset': '30' },
    [],
  ],
  [
    'what is half good is half read',
    { 'x-ratelimit-limit': '60', 'x-ratelimit-remaining': 'many' },
    [limit('', 60, null)],
  ],
])
