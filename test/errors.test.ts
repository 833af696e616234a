import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { ConfigError, LeaseLostError, messageOf, SyncError } from '../src/errors.ts'

describe('an error that ends a command', () => {
  it('carries its exit code and its name', () => {
    const all = [new SyncError('a'), new SyncError('b', 3), new ConfigError('c'), new LeaseLostError('d')]
    assert.deepEqual(
      all.map(({ name, message, exitCode }) => [name, message, exitCode]),
      [
        ['SyncError', 'a', 1],
        ['SyncError', 'b', 3],
        ['ConfigError', 'c', 2],
        ['LeaseLostError', 'd', 3],
      ],
    )
    assert.ok(all.every((error) => error instanceof SyncError))
  })

  it('keeps its cause', () => {
    const cause = new Error('root')
    assert.equal(new SyncError('a', 1, { cause }).cause, cause)
  })
})

describe('messageOf', () => {
  it('finds words for anything that was thrown', () => {
    assert.deepEqual([new Error('e'), 'text', 7, null, undefined].map(messageOf), [
      'e',
      'text',
      '7',
      'null',
      'undefined',
    ])
  })
})
