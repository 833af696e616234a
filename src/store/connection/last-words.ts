/**
 * What a server, or a pooler, says before it hangs up. The package gives the error of a statement out when the server is ready
 * for the next one; a fatal one is the last of a connection, so it never does.
 */
import { Buffer } from 'node:buffer'
import type { Socket } from 'node:net'

/** `code`: its SQLSTATE. */
export type LastWords = { code: string; message: string }

const ERROR = 'E'.charCodeAt(0)
/** Of an error's fields: how severe (S), its SQLSTATE (C), what it says (M). */
const FIELD = /([A-Za-z])([^\0]*)\0/g
const FATAL = /^(FATAL|PANIC)$/

/** The fatal error with which these bytes of the server end, or null. One stands in the protocol as 'E', its length, and its fields. */
export const lastWordsIn = (bytes: Buffer): LastWords | null => {
  for (let at = bytes.indexOf(ERROR); at >= 0 && at + 5 < bytes.length; at = bytes.indexOf(ERROR, at + 1)) {
    if (bytes.readUInt32BE(at + 1) !== bytes.length - at - 1) continue
    const fields = new Map<string, string>()
    for (const [, name, value] of bytes.toString('utf8', at + 5).matchAll(FIELD)) fields.set(name!, value!)
    // "V" is the severity in English, which a pooler leaves out.
    if (FATAL.test(fields.get('V') ?? fields.get('S') ?? ''))
      return { code: fields.get('C') ?? '', message: fields.get('M') ?? '' }
  }
  return null
}

/** To be called before the socket is given away. Answers what the last words were, once it is closed or has failed. */
export const hearLastWords = (socket: Socket): (() => LastWords | null) => {
  // They are short: the last two pieces hold them, in whatever way they were cut.
  let [before, last]: [Buffer, Buffer] = [Buffer.alloc(0), Buffer.alloc(0)]
  socket.on('data', (bytes: Buffer) => {
    ;[before, last] = [last, bytes]
  })
  return () => lastWordsIn(Buffer.concat([before, last]))
}
