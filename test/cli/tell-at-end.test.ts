import assert from 'node:assert/strict'
import { it } from 'node:test'
import { tellAtEnd } from '../../cli/tell-at-end.ts'
import { resolveOptions, type Store } from '../../src/node.ts'

it('telling at the end of a sync leaves nothing behind that would hold the process', async () => {
  const timers = (): number => process.getActiveResourcesInfo().filter((kind) => kind === 'Timeout').length
  const before = timers()
  const said: string[] = []
  await tellAtEnd({} as Store, resolveOptions({}, {}), new AbortController().signal, (sentence) => said.push(sentence))
  assert.match(said[0]!, /^Alerts could not be judged/)
  assert.equal(timers(), before)
})
