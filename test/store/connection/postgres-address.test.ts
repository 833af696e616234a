import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { type Address, parseAddress } from '../../../src/store/connection/postgres-address.ts'

const parsed = (text: string): Address => {
  const address = parseAddress(text)
  if ('fault' in address) return assert.fail(address.fault)
  return address
}
const faultOf = (text: string): string => {
  const address = parseAddress(text)
  return 'fault' in address ? address.fault : 'none'
}

describe('parseAddress', () => {
  it('reads the usual form', () => {
    assert.deepEqual(parsed('postgres://me:s%40cret@db.example:6543/cars'), {
      hosts: [{ host: 'db.example', port: 6543 }],
      user: 'me',
      password: 's@cret',
      database: 'cars',
      sslMode: 'prefer',
      sslRootCert: null,
      sslCert: null,
      sslKey: null,
      wantsPrimary: false,
      connectTimeoutMs: 15_000,
      options: null,
      applicationName: 'smart-cars-sync',
    })
  })

  it('reads what is left out as libpq does', () => {
    const { hosts, user, database, sslMode } = parsed('postgresql://localhost')
    assert.deepEqual(
      [hosts, user, database, sslMode],
      [[{ host: 'localhost', port: 5432 }], 'postgres', 'postgres', 'disable'],
    )
    assert.equal(parsed('postgres://me@h/').database, 'me')
    assert.deepEqual(parsed('postgres:///cars?host=/run/pg&port=6000').hosts, [{ host: '/run/pg', port: 6000 }])
    assert.deepEqual(parsed('postgres://%2Frun%2Fpg/cars').hosts, [{ host: '/run/pg', port: 5432 }])
    assert.deepEqual(parsed('postgres://[::1]:5433/cars').hosts, [{ host: '::1', port: 5433 }])
    assert.equal(parsed('postgres://h/d?user=u&password=p').password, 'p')
  })

  it('reads several hosts, of which the one that takes writes is meant unless told otherwise', () => {
    const { hosts, wantsPrimary } = parsed('postgres://u@a:1,b,[::1]:3/d')
    assert.deepEqual(hosts, [
      { host: 'a', port: 1 },
      { host: 'b', port: 5432 },
      { host: '::1', port: 3 },
    ])
    assert.equal(wantsPrimary, true)
    assert.equal(parsed('postgres://u@a,b/d?target_session_attrs=any').wantsPrimary, false)
    assert.equal(parsed('postgres://u@a/d?target_session_attrs=read-write').wantsPrimary, true)
    assert.match(faultOf('postgres://u@a/d?target_session_attrs=standby'), /target_session_attrs must be one of/)
  })

  it('reads sslmode as libpq does', () => {
    assert.equal(parsed('postgres://u@h/d?sslmode=require').sslMode, 'require')
    assert.equal(parsed('postgres://u@h/d?sslmode=require&sslrootcert=/ca.pem').sslMode, 'verify-ca')
    assert.equal(parsed('postgres://u@h/d?sslrootcert=system').sslMode, 'verify-full')
    assert.match(faultOf('postgres://u@h/d?sslmode=perhaps'), /sslmode must be one of/)
  })

  it('passes over parameters that are for other programs', () => {
    const address = parsed('postgres://u@h/d?pgbouncer=true&connection_limit=1&schema=public&options=project%3Dx')
    assert.equal(address.options, 'project=x')
  })

  it('says what is wrong, and repeats nothing of it', () => {
    for (const wrong of [
      'mysql://u:secret@h/d',
      'secret',
      'postgres://u:secret@h:99999/d',
      'postgres://u:secret%@h/d',
      'postgres://u:secret@h:x/d',
    ]) {
      const fault = faultOf(wrong)
      assert.notEqual(fault, 'none', wrong)
      assert.ok(!fault.includes('secret'), fault)
    }
  })

  it('brings back any user, password and database, and never throws', () => {
    const text = fc.string({ minLength: 1 }).filter((each) => each.isWellFormed())
    fc.assert(
      fc.property(text, text, text, (user, password, database) => {
        const [u, p, d] = [user, password, database].map((each) => encodeURIComponent(each))
        const address = parsed(`postgres://${u}:${p}@h:5432/${d}`)
        assert.deepEqual([address.user, address.password, address.database], [user, password, database])
      }),
    )
    fc.assert(
      fc.property(
        fc.string(),
        fc.webUrl({ withQueryParameters: true }),
        (odd, url) =>
          void [parseAddress(odd), parseAddress(url.replace(/^https?/, 'postgres')), parseAddress(`postgres://${odd}`)],
      ),
    )
  })
})
