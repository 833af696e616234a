import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { openCopyMemory } from '../../../src/store/connection/keep-memory.ts'

const parts = (bytes: number): Uint8Array[] => [new Uint8Array(bytes / 2), new Uint8Array(bytes / 2)]

describe('openCopyMemory', () => {
  it('has memory kept once, after a large COPY', () => {
    const memory = openCopyMemory()
    assert.equal(memory.isToBeKept(), false)
    assert.equal([...memory.counted(parts(1_000_000))].length, 2)
    assert.equal(memory.isToBeKept(), false, 'after a small COPY')
    Array.from(memory.counted(parts(3_000_000)))
    assert.equal(memory.isToBeKept(), true, 'after a large one')
    Array.from(memory.counted(parts(3_000_000)))
    assert.equal(memory.isToBeKept(), false, 'a second time')
  })

  it('does not add up small ones', () => {
    const memory = openCopyMemory()
    for (let i = 0; i < 10; i++) Array.from(memory.counted(parts(1_000_000)))
    assert.equal(memory.isToBeKept(), false)
  })
})
