import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { openTelling } from '../../src/request/telling.ts'

const take = async (steps: AsyncGenerator<string, string>) => {
  const events: string[] = []
  let step = await steps.next()
  for (; !step.done; step = await steps.next()) events.push(step.value)
  return { events, result: step.value }
}

describe('what happens within a step', () => {
  it('is told while the step is under way, and in its order', async () => {
    const telling = openTelling<string>()
    const heard = Promise.withResolvers<void>()
    async function* work() {
      yield 'one'
      telling.tell('meanwhile')
      await heard.promise
      telling.tell('at last')
      yield 'two'
      telling.tell('after')
      return 'done'
    }
    const steps = telling.during(work(), assert.fail)
    assert.equal((await steps.next()).value, 'one')
    assert.equal((await steps.next()).value, 'meanwhile')
    heard.resolve()
    assert.deepEqual(await take(steps), { events: ['at last', 'two', 'after'], result: 'done' })
  })

  it('fails as the step does', async () => {
    const telling = openTelling<string>()
    // biome-ignore lint/correctness/useYield: it fails before
    async function* work(): AsyncGenerator<string, string> {
      throw new Error('broken')
    }
    await assert.rejects(take(telling.during(work(), assert.fail)), /broken/)
  })

  it('is ended where nobody takes the rest', async () => {
    const telling = openTelling<string>()
    const left = Promise.withResolvers<void>()
    let isEnded = false
    async function* work() {
      try {
        telling.tell('waiting')
        await left.promise
        yield 'never'
        return 'done'
      } finally {
        isEnded = true
      }
    }
    for await (const event of telling.during(work(), left.resolve)) {
      assert.equal(event, 'waiting')
      break
    }
    assert.equal(isEnded, true)
  })
})
