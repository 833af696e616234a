/**
 * Loaded by Deno before the function, in each worker of the stand-in for Supabase's edge runtime: has the function served on
 * a port of its own, and tells on stdout when it listens and how many `waitUntil` promises are open.
 */
type Handler = (request: Request) => Promise<Response>
type Serve = (
  options: { port: number; hostname: string; onListen(at: { port: number }): void },
  handler: Handler,
) => unknown
type Runtime = {
  Deno: {
    serve: unknown
    exit(): never
    stdin: { readable: ReadableStream }
    addSignalListener(name: string, listener: () => void): void
  }
  EdgeRuntime: { waitUntil(work: Promise<unknown>): void }
}

const runtime = globalThis as unknown as Runtime
const say = (word: string, value: number): void => console.log(`@${word} ${value}`)

let open = 0
runtime.EdgeRuntime = {
  waitUntil: (work) => {
    say('open', ++open)
    const settled = (): void => say('open', --open)
    work.then(settled, settled)
  },
}

const serve = runtime.Deno.serve as Serve
runtime.Deno.serve = (handler: Handler) => {
  // Whoever started this worker is gone. Not earlier: Deno loads the function only when nothing is waited for here.
  void runtime.Deno.stdin.readable.pipeTo(new WritableStream()).finally(() => runtime.Deno.exit())
  return serve({ port: 0, hostname: '127.0.0.1', onListen: ({ port }) => say('listening', port) }, handler)
}

// The platform says so a little before it ends a worker.
runtime.Deno.addSignalListener('SIGTERM', () => globalThis.dispatchEvent(new Event('beforeunload')))
