import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { it } from 'node:test'
import { wantsTraces } from '../../cli/traces.ts'
import { scene } from '../support/scene.ts'
import { summaryOf } from '../support/spawn-sync.ts'

type Value = { stringValue?: string; intValue?: string | number; boolValue?: boolean }
type Span = {
  name: string
  traceId: string
  spanId: string
  parentSpanId?: string
  startTimeUnixNano: string
  endTimeUnixNano: string
  attributes: { key: string; value: Value }[]
}

it('traces are wanted where an endpoint is set, and only there', () => {
  assert.equal(wantsTraces({}), false)
  assert.equal(wantsTraces({ OTEL_EXPORTER_OTLP_ENDPOINT: ' ' }), false)
  assert.equal(wantsTraces({ OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:4318' }), true)
  assert.equal(wantsTraces({ OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: 'http://127.0.0.1:4318/v1/traces' }), true)
  assert.equal(wantsTraces({ OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:4318', OTEL_SDK_DISABLED: 'true' }), false)
})

it('a sync sends a span for itself and below it those of its phases, requests and commits, without the key', async (t) => {
  const bodies: string[] = []
  const receiver = createServer(async (request, response) => {
    let body = ''
    for await (const part of request) body += part
    if (request.url === '/v1/traces') bodies.push(body)
    response.setHeader('content-type', 'application/json').end('{}')
  })
  await new Promise<void>((resolve) => receiver.listen(0, '127.0.0.1', resolve))
  t.after(() => receiver.close())
  const { start } = await scene(t, 300)
  const endpoint = `http://127.0.0.1:${(receiver.address() as AddressInfo).port}`
  const ended = await start({ OTEL_EXPORTER_OTLP_ENDPOINT: endpoint }).ended
  assert.equal(ended.code, 0, ended.stderr)
  const summary = summaryOf(ended)

  assert.ok(!bodies.join('').includes('canary-key'))
  const spans = bodies.flatMap((body) =>
    (JSON.parse(body) as { resourceSpans: { scopeSpans: { spans: Span[] }[] }[] }).resourceSpans.flatMap(
      ({ scopeSpans }) => scopeSpans.flatMap((scope) => scope.spans),
    ),
  )
  const attributeOf = (span: Span, name: string): string | undefined => {
    const value = span.attributes.find(({ key }) => key === name)?.value
    return value && String(Object.values(value)[0])
  }
  const roots = spans.filter(({ parentSpanId }) => !parentSpanId)
  assert.deepEqual(
    roots.map((span) => [
      span.name,
      attributeOf(span, 'carsync.run'),
      attributeOf(span, 'carsync.status'),
      attributeOf(span, 'carsync.cars'),
    ]),
    [['sync', summary.runId, 'complete', '300']],
  )
  const below = spans.filter(({ parentSpanId }) => parentSpanId === roots[0]!.spanId)
  assert.equal(below.length, spans.length - 1)
  const named = Map.groupBy(below, ({ name }) => name)
  assert.equal(named.get('GET')!.length, summary.requests.total)
  for (const span of named.get('GET')!) assert.equal(attributeOf(span, 'http.response.status_code'), '200')
  const cars = named.get('commit')!.reduce((sum, span) => sum + Number(attributeOf(span, 'carsync.cars')), 0)
  assert.equal(cars, 300)
  for (const phase of ['planning', 'sweeping', 'checking']) assert.equal(named.get(phase)?.length, 1, phase)
})

it('an endpoint that nobody answers at costs the sync nothing but a moment', async (t) => {
  const { start, assertUndisturbed } = await scene(t, 300)
  const ended = await start({ OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:9' }).ended
  assert.equal(ended.code, 0, ended.stderr)
  await assertUndisturbed()
})
