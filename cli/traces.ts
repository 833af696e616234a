/**
 * Traces of a sync by OpenTelemetry: one span for the run, and below it one for each phase, request and commit. Its packages are
 * large and seldom wanted: they are loaded only where an endpoint is set, and installed by whoever sets one.
 */
import type { Attributes, Context, Span } from '@opentelemetry/api'
import { type Answer, ConfigError, messageOf, type Store, type SyncEvent, type World } from '../src/node.ts'
import { ownVersion } from './own-root.ts'

type Environment = Readonly<Record<string, string | undefined>>

export type Traces = {
  /** The world with a span for each request, until its answer is whole. */
  world(world: World): World
  /** The store with a span for each commit. */
  store(store: Store): Store
  event(event: SyncEvent): void
  /** Sends what is left; waits for that no longer than a few seconds. Never rejects. */
  end(): Promise<void>
}

const PACKAGES =
  '@opentelemetry/api @opentelemetry/sdk-trace-base @opentelemetry/exporter-trace-otlp-http @opentelemetry/resources'
const END_MS = 5000

const load = async () => {
  try {
    const [api, sdk, exporter, resources] = await Promise.all([
      import('@opentelemetry/api'),
      import('@opentelemetry/sdk-trace-base'),
      import('@opentelemetry/exporter-trace-otlp-http'),
      import('@opentelemetry/resources'),
    ])
    return { ...api, ...sdk, ...exporter, ...resources }
  } catch (error) {
    throw new ConfigError(
      `OTEL_EXPORTER_OTLP_ENDPOINT is set, and what sends traces is not installed (${messageOf(error).split('\n')[0]}). Install it: npm install ${PACKAGES}`,
    )
  }
}

/** Whether an address for traces is set, by the names that OpenTelemetry gives. */
export const wantsTraces = (env: Environment): boolean =>
  env.OTEL_SDK_DISABLED !== 'true' &&
  Boolean(env.OTEL_EXPORTER_OTLP_TRACES_ENDPOINT?.trim() || env.OTEL_EXPORTER_OTLP_ENDPOINT?.trim())

/** Passes the body on, and tells when it has ended or broken off. */
const watched = (answer: Answer, done: (bytes: number) => void): Answer => {
  const { body } = answer
  if (body === null) {
    done(0)
    return answer
  }
  const through = async function* (): AsyncGenerator<Uint8Array> {
    let bytes = 0
    try {
      for await (const part of body) {
        bytes += part.byteLength
        yield part
      }
    } finally {
      done(bytes)
    }
  }
  return { status: answer.status, headers: answer.headers, body: through() }
}

/** Null where no endpoint is set. Throws ConfigError where the packages are missing. */
export const openTraces = async (env: Environment): Promise<Traces | null> => {
  if (!wantsTraces(env)) return null
  const { trace, ROOT_CONTEXT, SpanKind, SpanStatusCode, ...otel } = await load()
  const provider = new otel.BasicTracerProvider({
    resource: otel.defaultResource().merge(
      otel.resourceFromAttributes({
        'service.name': env.OTEL_SERVICE_NAME?.trim() || 'smart-cars-sync',
        'service.version': ownVersion(),
      }),
    ),
    // Address and headers are taken from the environment by the exporter itself.
    spanProcessors: [new otel.BatchSpanProcessor(new otel.OTLPTraceExporter(), { maxQueueSize: 10_000 })],
  })
  const tracer = provider.getTracer('smart-cars-sync')
  const run = tracer.startSpan('sync', {}, ROOT_CONTEXT)
  const within: Context = trace.setSpan(ROOT_CONTEXT, run)
  let phase: { name: string; span: Span } | null = null

  const child = (name: string, attributes: Attributes, kind = SpanKind.INTERNAL): Span =>
    tracer.startSpan(name, { kind, attributes }, within)
  const broke = (span: Span, error: unknown): void => {
    span.setStatus({ code: SpanStatusCode.ERROR, message: messageOf(error) })
    span.end()
  }
  const enter = (name: string | null): void => {
    if (phase?.name === name) return
    phase?.span.end()
    phase = name === null ? null : { name, span: child(name, {}) }
  }

  return {
    world: (world) => ({
      ...world,
      fetch: async (input, init) => {
        const url = new URL(String(input))
        // The key travels in a header, which is not told.
        const span = child(
          'GET',
          {
            'http.request.method': 'GET',
            'server.address': url.hostname,
            'url.path': url.pathname,
            'url.query': url.search,
          },
          SpanKind.CLIENT,
        )
        try {
          const response = await world.fetch(input, init)
          span.setAttribute('http.response.status_code', response.status)
          if (response.status >= 400) span.setStatus({ code: SpanStatusCode.ERROR })
          return watched(response, (bytes) => span.setAttribute('http.response.body.size', bytes).end())
        } catch (error) {
          broke(span, error)
          throw error
        }
      },
    }),
    store: (store) => ({
      ...store,
      commitPages: async (context, batch) => {
        const span = child('commit', { 'carsync.pages': batch.pages.length, 'carsync.cars': batch.cars.length })
        try {
          const result = await store.commitPages(context, batch)
          span.end()
          return result
        } catch (error) {
          broke(span, error)
          throw error
        }
      },
    }),
    event: (event) => {
      if (event.kind === 'started') {
        const { runId, source, mode, resumed } = event
        run.setAttributes({
          'carsync.run': runId,
          'carsync.source': source,
          'carsync.mode': mode,
          'carsync.resumed': resumed,
        })
        enter('planning')
      } else if (event.kind === 'planned') enter('sweeping')
      else if (event.kind === 'progress') enter(event.progress.phase === 'done' ? null : event.progress.phase)
      else if (event.kind === 'finished') {
        const { status, proof, reason, cars } = event.summary
        run.setAttributes({ 'carsync.status': status, 'carsync.proof': proof, 'carsync.cars': cars.seen })
        if (status === 'failed') run.setStatus({ code: SpanStatusCode.ERROR, message: reason ?? '' })
      } else if (event.kind === 'note') run.addEvent(event.message)
      else if (event.kind === 'page-dead') run.addEvent('page-dead', { label: event.label, why: event.why })
    },
    end: async () => {
      enter(null)
      run.end()
      let timer: ReturnType<typeof setTimeout> | undefined
      const patience = new Promise<void>((resolve) => {
        timer = setTimeout(resolve, END_MS)
      })
      await Promise.race([provider.shutdown().catch(() => {}), patience])
      clearTimeout(timer)
    },
  }
}
