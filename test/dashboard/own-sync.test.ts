import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { ownSync } from '../../dashboard/own-sync.ts'
import type { Progress, Summary, SyncEvent } from '../../src/node.ts'

const progress = {
  inFlight: 3,
  pace: { requestsPerSecond: 2, concurrency: 3, pageSize: 50, why: 'said so' },
} as Progress

describe('ownSync', () => {
  it('knows what only the process itself knows, as long as it runs', async () => {
    const ending = Promise.withResolvers<Summary>()
    const sync = ownSync((_mode, _stop, tell) => {
      tell({ kind: 'progress', progress })
      return ending.promise
    })
    assert.deepEqual([sync.here().running, sync.here().canStart], [false, true])
    assert.equal(sync.start('full'), null)
    const { running, canStart, inFlight, pace } = sync.here()
    assert.deepEqual([running, canStart, inFlight, pace], [true, false, 3, progress.pace])
    ending.resolve({ status: 'complete' } as Summary)
    await sync.close()
    assert.deepEqual(
      [sync.here().running, sync.here().canStart, sync.here().inFlight, sync.here().said],
      [false, true, null, null],
    )
  })

  it('says why a sync did not work, until the next one begins', async () => {
    let run = (): Promise<Summary> => Promise.reject(new Error('API_KEY: wanted the key'))
    const sync = ownSync(() => run())
    sync.start('full')
    await sync.close()
    assert.equal(sync.here().said, 'API_KEY: wanted the key')
    run = async () => ({ status: 'incomplete', reason: 'the source is down' }) as Summary
    sync.start('full')
    assert.equal(sync.here().said, null)
    await sync.close()
    assert.equal(sync.here().said, 'the source is down')
  })

  it('stops cleanly when it closes, and waits for the end', async () => {
    let ended = false
    const sync = ownSync(
      (_mode, stop) =>
        new Promise((resolve) =>
          stop.addEventListener('abort', () =>
            setImmediate(() => {
              ended = true
              resolve({ status: 'incomplete' } as Summary)
            }),
          ),
        ),
    )
    sync.start('full')
    await sync.close()
    assert.equal(ended, true)
  })

  it('begins none where the process runs one by itself, and stops that one', () => {
    let stops = 0
    const sync = ownSync(null, () => stops++)
    assert.match(sync.start('full')!, /begun on the command line/)
    assert.equal(sync.here().running, true)
    assert.equal(sync.stop(), null)
    assert.deepEqual([stops, sync.here().stopping], [1, true])
    const event: SyncEvent = { kind: 'progress', progress }
    sync.tell(event)
    assert.equal(sync.here().inFlight, 3)
  })
})
