import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import * as request from '../../../src/source/auctions-api/request.ts'

const access = { baseUrl: 'https://api.example/api', apiKey: 'k-secret' }

const queryOf = (url: string): Record<string, string> => Object.fromEntries(new URL(url).searchParams)

describe('requests', () => {
  it('ask for a page on the configured base (trap 1)', () => {
    const { url, headers, label } = request.pageRequest(access, {
      filter: { manufacturer_id: '9,16' },
      page: 12,
      pageSize: 1000,
    })
    assert.ok(url.startsWith('https://api.example/api/cars?'))
    assert.deepEqual(queryOf(url), { manufacturer_id: '9,16', page: '12', per_page: '1000' })
    assert.deepEqual(headers, { accept: 'application/json', 'x-api-key': 'k-secret' })
    assert.equal(label, 'cars page 12 (per_page 1000, manufacturer_id 9,16)')
  })

  it('ask for a number of cars with simple_paginate=0', () => {
    const { url } = request.countRequest(access, { minutes: '90' })
    assert.deepEqual(queryOf(url), { minutes: '90', page: '1', per_page: '1', simple_paginate: '0' })
  })

  it('ask for the brands', () => {
    assert.equal(request.brandsRequest(access).url, 'https://api.example/api/manufacturers/cars')
  })

  it('select brands by a list of ids', () => {
    assert.deepEqual(request.brandFilter(['9']), { manufacturer_id: '9' })
    assert.deepEqual(request.brandFilter(['9', '16']), { manufacturer_id: '9,16' })
  })

  it('never show the key in addresses and labels (promise 7)', () => {
    const ask = { filter: { manufacturer_id: '1,'.repeat(200) }, page: 1, pageSize: 1 }
    for (const { url, label } of [
      request.pageRequest(access, ask),
      request.countRequest(access, {}),
      request.brandsRequest(access),
    ]) {
      assert.ok(!url.includes('k-secret'))
      assert.ok(!label.includes('k-secret') && !label.includes('://') && label.length < 120)
    }
  })

  it('work without a key', () => {
    assert.deepEqual(request.brandsRequest({ ...access, apiKey: null }).headers, { accept: 'application/json' })
  })
})
