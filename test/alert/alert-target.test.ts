import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { alertTargetOf, parseSigningSecret, parseWebhook } from '../../src/alert/alert-target.ts'
import { signedHeaders } from '../../src/alert/send-alert.ts'
import { ConfigError } from '../../src/errors.ts'

const secretOf = (bytes: number): string => `whsec_${Buffer.alloc(bytes, 7).toString('base64')}`

describe('the settings of a webhook', () => {
  it('take an address with a token in its path or its query', () => {
    for (const url of ['https://hooks.example.com/T0/B0/x', 'http://127.0.0.1:9000/?token=a%20b'])
      assert.equal(parseWebhook('X', url), url)
  })

  it('take a secret of 24 to 64 bytes', () => {
    for (const bytes of [24, 32, 64]) assert.equal(parseSigningSecret('X', secretOf(bytes)), secretOf(bytes))
    for (const bytes of [0, 23, 65]) assert.throws(() => parseSigningSecret('X', secretOf(bytes)), ConfigError)
  })

  it('come as a pair or not at all', () => {
    const [alertUrl, alertSecret] = ['https://h.example/x?y', secretOf(32)]
    assert.equal(alertTargetOf({ alertUrl: null, alertSecret: null }), null)
    assert.throws(() => alertTargetOf({ alertUrl, alertSecret: null }), /^ConfigError: CARSYNC_ALERT_SECRET: /)
    assert.throws(() => alertTargetOf({ alertUrl: null, alertSecret }), /^ConfigError: CARSYNC_ALERT_URL: /)
    const target = alertTargetOf({ alertUrl, alertSecret })!
    assert.deepEqual([target.url, target.host, target.key.byteLength], [alertUrl, 'h.example', 32])
  })
})

it('signs as others who keep to Standard Webhooks do', () => {
  const key = Buffer.from('MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw', 'base64')
  const sending = {
    id: 'msg_p5jXN8AQM9LWM0D4loKWxJek',
    body: '{"test": 2432232314}',
    at: 1_614_265_330_999,
  }
  assert.deepEqual(signedHeaders(sending, key), {
    'webhook-id': 'msg_p5jXN8AQM9LWM0D4loKWxJek',
    'webhook-timestamp': '1614265330',
    'webhook-signature': 'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=',
  })
})
