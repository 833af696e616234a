import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { openLoss } from '../../../src/store/connection/loss.ts'

const NEVER = new Promise<never>(() => {})
const GONE = new Error('gone')

describe('what is under way', () => {
  it('comes to what it comes to', async () => {
    const loss = openLoss()
    assert.equal(await loss.unless(Promise.resolve(1)), 1)
    await assert.rejects(loss.unless(Promise.reject(new Error('its own'))), /its own/)
  })

  it('ends when the loss comes, all of it, and with the first loss', async () => {
    const loss = openLoss()
    const ends = Promise.allSettled([loss.unless(NEVER), loss.unless(NEVER)])
    loss.happen(GONE)
    loss.happen(new Error('later'))
    assert.deepEqual(await ends, [
      { status: 'rejected', reason: GONE },
      { status: 'rejected', reason: GONE },
    ])
  })

  it('ends at once after the loss, also what fails later by itself', async () => {
    const loss = openLoss()
    loss.happen(GONE)
    await assert.rejects(loss.unless(NEVER), GONE)
    await assert.rejects(loss.unless(Promise.reject(new Error('unheard'))), GONE)
  })

  it('is not held on to once it has ended', async () => {
    const loss = openLoss()
    const result = new WeakRef((await loss.unless(Promise.resolve({ rows: [1] }))) as object)
    setFlagsFromString('--expose-gc')
    const collect = runInNewContext('gc') as () => void
    // What was dereferenced lives until the end of the turn.
    await new Promise((resolve) => setImmediate(resolve))
    collect()
    assert.equal(result.deref(), undefined)
    await assert.rejects(
      Promise.race([loss.unless(NEVER), Promise.reject(GONE)]),
      GONE,
      'the loss itself is still there to be waited for',
    )
  })
})
