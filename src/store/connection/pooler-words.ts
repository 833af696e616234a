/**
 * What poolers mean. PgBouncer gives nearly all its errors the code 08P01, which is otherwise a connection at fault, and
 * Supavisor XX000: only their words tell a wrong password from a server that is away.
 */

type Words = { said: RegExp; code: string; advice?: string }

const WORDS: readonly Words[] = [
  { said: /password authentication failed|SASL authentication failed|wrong password/i, code: '28P01' },
  {
    said: /tenant or user not found/i,
    code: '28000',
    advice:
      'The pooler does not know this project. Its user is postgres.PROJECT, not postgres: copy the address of the pooler from the dashboard into DATABASE_URL.',
  },
  { said: /no such user/i, code: '28000' },
  { said: /no such database|database .* does not exist/i, code: '3D000' },
  {
    said: /bouncer config error/i,
    code: '3D000',
    advice: 'The pooler knows no database of that name. Check the end of DATABASE_URL, or add it to the pooler.',
  },
  {
    said: /max client(s| connections) reached|no more connections allowed/i,
    code: '53300',
    advice:
      'The pooler has no connection to spare. Close some, raise its limit, or use its transaction mode (port 6543 on Supabase).',
  },
  {
    said: /not allowed in statement pooling mode/i,
    code: '0A000',
    advice:
      'The pooler is in statement mode, in which there are no transactions, and a sync needs them. Set its pool_mode to transaction or session, or point DATABASE_URL at the database itself.',
  },
  {
    said: /query_wait_timeout/i,
    code: '08006',
    advice: 'The pooler could not bring a statement to the database: look whether the database is up.',
  },
]

/** What this error of a pooler comes to, with the SQLSTATE of a server that means the same; null if it is none. */
export const poolerWords = (code: string, message: string): Words | null =>
  code === '08P01' || code === 'XX000' ? (WORDS.find(({ said }) => said.test(message)) ?? null) : null
