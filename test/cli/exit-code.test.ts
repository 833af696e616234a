import assert from 'node:assert/strict'
import { test } from 'node:test'
import { exitCodeOf } from '../../cli/exit-code.ts'

test('the exit codes of the contract', () => {
  assert.equal(exitCodeOf({ status: 'complete', heldRemovals: 0 }), 0)
  assert.equal(exitCodeOf({ status: 'complete', heldRemovals: 1 }), 4)
  assert.equal(exitCodeOf({ status: 'incomplete', heldRemovals: 1 }), 3)
  assert.equal(exitCodeOf({ status: 'busy', heldRemovals: 0 }), 3)
  assert.equal(exitCodeOf({ status: 'failed', heldRemovals: 1 }), 1)
})
