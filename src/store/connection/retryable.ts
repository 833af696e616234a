/** Which database errors pass by themselves, and what to say of those that do not. */
import { messageOf } from '../../errors.ts'
import { codeOf } from '../database.ts'
import { poolerWords } from './pooler-words.ts'

/** SQLSTATE classes and codes, and driver codes, after which the same transaction may be tried again. */
const PASSING = [
  /^08/, // connection
  /^40(001|P01)$/, // serialization failure, deadlock
  /^53(000|200|300|400)$/, // insufficient resources, out of memory, too many connections
  /^55P03$/, // lock not available
  /^57P0[1-5]$/, // shut down, crash, not yet accepting, terminated
  /^25P03$/, // idle in transaction too long
  /^25006$/, // a primary that has become a standby: the next connection may lead to the new one
  /^(ECONNRESET|ECONNREFUSED|ETIMEDOUT|EPIPE|EAI_AGAIN|ENETUNREACH|EHOSTUNREACH)$/,
  /^(CONNECTION_CLOSED|CONNECTION_ENDED|CONNECTION_DESTROYED|CONNECT_TIMEOUT)$/,
]

/** The code of what is meant, also where it was a pooler that said it. */
const meaningOf = (error: unknown): string => {
  const code = codeOf(error)
  return poolerWords(code, messageOf(error))?.code ?? code
}

export const isPassing = (error: unknown): boolean => {
  const code = meaningOf(error)
  return PASSING.some((pattern) => pattern.test(code))
}

/** The server, or a pooler, has no connection to spare. */
export const isCrowded = (error: unknown): boolean => meaningOf(error) === '53300'

/** A statement took longer than the server allows: fewer rows at a time may do. */
export const isStatementTimeout = (error: unknown): boolean => codeOf(error) === '57014'

/** The data itself is at fault (SQLSTATE class 22, or a check): some row among them cannot be stored. */
export const isBadData = (error: unknown): boolean => /^(22|23514|54000)/.test(codeOf(error))

/** A row thought to be new is there already. */
export const isDuplicate = (error: unknown): boolean => codeOf(error) === '23505'

const BELIEVE =
  'The certificate of the server is not believed here. Name the file of its authority: sslrootcert=/path/to/ca.pem.'

const ADVICE: Readonly<Record<string, string>> = {
  '28P01': 'The database refused the password. Check DATABASE_URL.',
  '28000': 'The database refused this user. Check DATABASE_URL.',
  '3D000': 'That database does not exist. Check the end of DATABASE_URL, or create it.',
  '42501': 'The role lacks a right. Grant it, or use the owner of the tables in DATABASE_URL.',
  '57014':
    "A statement took longer than the statement_timeout of this role allows. Raise it, for example: alter role … set statement_timeout = '2min'.",
  '53100': 'The disk of the database is full. Free space; the next run goes on from here.',
  '25006':
    'The database is read-only: a standby (point DATABASE_URL at the primary), or its disk is nearly full (Supabase then takes no writes; free space or enlarge the disk).',
  '53200': 'The database ran out of memory. Give it more, or let it do less beside this.',
  '53300': 'The database has no connection to spare. Close some, or use the pooler.',
  ECONNREFUSED: 'Nothing listens there. Check host and port in DATABASE_URL, and that Postgres is up.',
  ENOTFOUND: 'That host name is not known. Check DATABASE_URL.',
  CONNECT_TIMEOUT: 'Nothing answers there. Check host and port in DATABASE_URL, and whether a firewall is between.',
  SSL_REFUSED:
    'Use sslmode=prefer or sslmode=disable where the way to the server is safe, or let the server speak TLS.',
  SELF_SIGNED_CERT_IN_CHAIN: BELIEVE,
  DEPTH_ZERO_SELF_SIGNED_CERT: BELIEVE,
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: BELIEVE,
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: BELIEVE,
  CERT_HAS_EXPIRED: 'The certificate of the server has expired: have it renewed.',
  ERR_TLS_CERT_ALTNAME_INVALID:
    'The certificate is for another host. Use the name that it is for, or sslmode=verify-ca if any host of that authority will do.',
}

/** The database may not be where it is sought: rather a matter of configuration than of time. */
export const isUnreachable = (error: unknown): boolean =>
  /^(ECONNREFUSED|ENOTFOUND|EAI_AGAIN|CONNECT_TIMEOUT|ENETUNREACH|EHOSTUNREACH)$/.test(codeOf(error))

/** What a person can do about this database error, or null. */
export const adviceFor = (error: unknown): string | null =>
  poolerWords(codeOf(error), messageOf(error))?.advice ?? ADVICE[meaningOf(error)] ?? null
