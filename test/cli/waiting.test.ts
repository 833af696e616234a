import assert from 'node:assert/strict'
import { it, type TestContext } from 'node:test'
import { sayBeside, whileWaiting } from '../../cli/waiting.ts'

/** A terminal that is told of work of so many seconds, which pass at once. */
const told = async (
  t: TestContext,
  seconds: number,
  { isTTY = true, columns = 80, env = {} }: { isTTY?: boolean; columns?: number; env?: Record<string, string> } = {},
): Promise<string[]> => {
  t.mock.timers.enable({ apis: ['setInterval'] })
  const written: string[] = []
  const terminal = { isTTY, columns, write: (text: string) => written.push(text) }
  const answer = await whileWaiting('waiting for 성능 at source.example', terminal, env, async () => {
    t.mock.timers.tick(seconds * 1000)
    return 7
  })
  assert.equal(answer, 7)
  return written
}

const ERASE = '\r\u001b[2K'

it('says what is waited for, and takes it away', async (t) => {
  assert.deepEqual(await told(t, 2), [
    `${ERASE}0:01  waiting for 성능 at source.example`,
    `${ERASE}0:02  waiting for 성능 at source.example`,
    ERASE,
  ])
})

it('says nothing of what is over at once', async (t) => {
  assert.deepEqual(await told(t, 0), [])
})

it('stays on one line of a narrow terminal', async (t) => {
  const [line] = await told(t, 1, { columns: 20 })
  assert.equal(line, `${ERASE}0:01  waiting for …`)
})

it('is silent in a pipe and in CI', async (t) => {
  assert.deepEqual(await told(t, 5, { isTTY: false }), [])
  t.mock.timers.reset()
  assert.deepEqual(await told(t, 5, { env: { CI: 'true' } }), [])
})

it('takes the line away when the work fails', async (t) => {
  t.mock.timers.enable({ apis: ['setInterval'] })
  const written: string[] = []
  const terminal = { isTTY: true, columns: 80, write: (text: string) => written.push(text) }
  const failing = whileWaiting('waiting', terminal, {}, async () => {
    t.mock.timers.tick(1000)
    throw new Error('no')
  })
  await assert.rejects(failing, /no/)
  assert.equal(written.at(-1), ERASE)
})

it('says a sentence in the place of that line on a terminal, and as it is in a pipe', () => {
  const written: string[] = []
  for (const isTTY of [true, false]) sayBeside('away', { isTTY, write: (text: string) => written.push(text) }, {})
  assert.deepEqual(written, [`${ERASE}away\n`, 'away\n'])
})
