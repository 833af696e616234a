/**
 * Watchers of the page in a process of their own: plain sockets that ask for the stream and throw away what comes, in one buffer.
 * A browser does more with it, on a machine that is not the server's.
 */
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { connect } from 'node:net'
import { fileURLToPath } from 'node:url'
import { processCpuMs } from './cpu-time.ts'

export type PageWatchers = {
  /** Opens the streams; resolves when each has brought something. */
  watch(url: string): Promise<void>
  /** Milliseconds of CPU that the process has used so far. */
  cpuMs(): number
  /** Ends it; answers how many bytes have come in all. */
  close(): Promise<number>
}

const heard = async (child: ChildProcess): Promise<unknown> => (await once(child, 'message'))[0]

/** A process that stands by to open so many streams. */
export const standByToWatch = async (count: number): Promise<PageWatchers> => {
  const child = fork(fileURLToPath(import.meta.url), [String(count)])
  await heard(child)
  return {
    watch: async (url) => {
      child.send(url)
      await heard(child)
    },
    cpuMs: () => processCpuMs(child.pid!),
    close: async () => {
      const bytes = heard(child)
      child.send('close')
      await once(child, 'exit')
      return (await bytes) as number
    },
  }
}

const BUFFER_BYTES = 64 << 10

/** As that process. */
const watchAs = (count: number, tell: (what: string | number) => void): void => {
  let bytes = 0
  let open = 0
  const watch = (url: URL): void => {
    let isFirst = true
    const callback = (read: number): boolean => {
      bytes += read
      if (isFirst && ++open === count) tell('all there')
      isFirst = false
      return true
    }
    const onread = { buffer: Buffer.alloc(BUFFER_BYTES), callback }
    const socket = connect({ host: url.hostname, port: Number(url.port), onread })
    socket.on('error', () => {})
    socket.write(`GET /api/live HTTP/1.1\r\nHost: ${url.host}\r\n\r\n`)
  }
  process.on('message', (said: string) => {
    if (said !== 'close') {
      for (let i = 0; i < count; i++) watch(new URL(said))
      return
    }
    tell(bytes)
    process.exit(0)
  })
  tell('standing by')
}

if (process.send && process.argv[1] === fileURLToPath(import.meta.url))
  watchAs(Number(process.argv[2]), (what) => process.send!(what))
