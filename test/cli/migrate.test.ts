import assert from 'node:assert/strict'
import { it } from 'node:test'
import { migratedLines } from '../../cli/migrate.ts'

it('migrate says what it applied, and whether anon may read cars now', () => {
  const nothing = { applied: [], already: ['1'], publicRead: null }
  assert.deepEqual(migratedLines('h/db', nothing), ['Nothing to do: the schema in h/db is up to date.'])
  assert.deepEqual(migratedLines('h/db', { ...nothing, applied: ['2'], publicRead: 'given' }), [
    'Applied to h/db:',
    '  2',
    'The role anon may read cars now (CARSYNC_PUBLIC_READ).',
  ])
  const [said] = migratedLines('h/db', { ...nothing, publicRead: 'taken back' })
  assert.match(said!, /may not read cars any more/)
})
