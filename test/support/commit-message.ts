/** The commit of a transaction as it is sent: a simple query of the protocol, its letter, its length, its text. */
export const COMMIT = Buffer.from('Q\0\0\0\x0bcommit\0')
