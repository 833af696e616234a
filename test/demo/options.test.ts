import assert from 'node:assert/strict'
import { test } from 'node:test'
import { DemoOptionError, demoFlags, parseDemoFlags, parseFaults, parseLimit } from '../../demo/options.ts'

test('limits', () => {
  assert.deepEqual(parseLimit('10/s burst 5'), { kind: 'token-bucket', rate: 10, burst: 5 })
  assert.deepEqual(parseLimit('0.5/s burst 1'), { kind: 'token-bucket', rate: 0.5, burst: 1 })
  assert.deepEqual(parseLimit('100/60s fixed'), { kind: 'fixed-window', quota: 100, windowMs: 60_000 })
  assert.deepEqual(parseLimit('60/500ms sliding'), { kind: 'sliding-window', quota: 60, windowMs: 500 })
  assert.deepEqual(parseLimit('8 concurrent'), { kind: 'concurrency', cap: 8 })
  for (const text of ['', 'fast', '0/s burst 5', '10/s', '5/0s fixed', '0 concurrent']) {
    assert.throws(() => parseLimit(text), {
      name: 'DemoOptionError',
      message: /wanted .* got ".*For example: "10\/s burst 5"/,
    })
  }
})

test('faults', () => {
  assert.deepEqual(parseFaults('status500=0.05, reset=2%'), { status500: 0.05, reset: 0.02 })
  assert.deepEqual(parseFaults('deadPages=all:3+7,unauthorizedAfter=9,dripMs=100'), {
    deadPages: 'all:3,7',
    unauthorizedAfter: 9,
    dripMs: 100,
  })
  assert.deepEqual(parseFaults('forbiddenAfter=4,archiveLies=1%,byIdDown=yes,redirectTo=http://other.test/api?a=b'), {
    forbiddenAfter: 4,
    archiveLies: 0.01,
    byIdDown: true,
    redirectTo: 'http://other.test/api?a=b',
  })
  for (const text of [
    'byIdDown',
    'archiveLies=2',
    'redirectTo=nowhere',
    'status500',
    'status500=2',
    'nonsense=0.1',
    'reset=0.6,hang=0.6',
    'deadPages=x',
    'toString=1',
  ]) {
    assert.throws(() => parseFaults(text), DemoOptionError, text)
  }
})

test('every flag reads its own example', () => {
  for (const { flag, value, example, parse } of demoFlags) {
    const [name, ...rest] = example.split(' ')
    assert.equal(name, `--${flag}`)
    assert.equal(rest.length > 0, value !== null, flag)
    assert.equal(Object.keys(parse(rest.join(' ').replaceAll('"', ''))).length > 0, true)
  }
})

test('flags together', () => {
  const options = parseDemoFlags({
    cars: '5_000',
    dirty: '1%',
    latency: '80+40',
    gzip: true,
    'no-totals': true,
    seed: undefined,
  })
  assert.deepEqual(options, { cars: 5000, dirty: 0.01, latencyMs: 80, latencyJitterMs: 40, gzip: true, totals: false })
  assert.throws(() => parseDemoFlags({ cars: 'many' }), /Cannot read --cars: wanted a whole number, got "many"/)
  assert.throws(() => parseDemoFlags({ speed: '1' }), /got "--speed"/)
  assert.throws(() => parseDemoFlags({ cars: true }), /wanted N, got "nothing"/)
  assert.throws(() => parseDemoFlags({ 'limit-headers': 'all' }), DemoOptionError)
  assert.throws(() => parseDemoFlags({ order: 'random' }), /wanted one of id, changed, got "random"/)
})
