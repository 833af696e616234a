import assert from 'node:assert/strict'
import { Buffer } from 'node:buffer'
import { after, describe, it } from 'node:test'
import { lastWordsIn } from '../../../src/store/connection/last-words.ts'
import { openPostgres } from '../../../src/store/connection/postgres.ts'
import { newPostgresUrl } from '../../support/databases.ts'

const message = (type: string, body: string): Buffer => {
  const bytes = Buffer.from(`${type}0000${body}`)
  bytes.writeInt32BE(bytes.length - 1, 1)
  return bytes
}
const error = (severity: string, said: string, more = ''): Buffer =>
  message('E', `S${severity}\0${more}C57P01\0M${said}\0\0`)

describe('lastWordsIn', () => {
  it('finds a fatal error at the end of whatever came before', () => {
    const said = { code: '57P01', message: 'going: é' }
    for (const before of ['', 'E', 'EEEE\0', 'D\0\0\0\x05E', 'x'.repeat(70_000)])
      for (const words of [error('FATAL', said.message), error('FATALE', said.message, 'VFATAL\0')])
        assert.deepEqual(lastWordsIn(Buffer.concat([Buffer.from(before), words])), said)
  })

  it('takes nothing else for one', () => {
    for (const bytes of [
      Buffer.alloc(0),
      Buffer.from('E'),
      error('ERROR', 'a statement failed'),
      Buffer.concat([error('FATAL', 'not the end'), message('Z', 'I')]),
      error('FATAL', 'cut').subarray(0, -3),
    ])
      assert.equal(lastWordsIn(bytes), null)
  })
})

describe('a connection that the server ends', () => {
  it('says why, and passes for one that was lost', async () => {
    const url = await newPostgresUrl()
    const [db, other] = [openPostgres(url), openPostgres(url)]
    after(() => Promise.all([db.close(), other.close()]))
    const [{ pid } = { pid: 0 }] = await db.query('select pg_backend_pid() as pid')
    const under = assert.rejects(db.query('select pg_sleep(60)'), {
      code: 'CONNECTION_CLOSED',
      message: /was lost: terminating connection due to administrator command/,
    })
    await other.query(
      `select pg_terminate_backend(pid) from (select $1::int as pid) as it
       where exists (select from pg_stat_activity a where a.pid = it.pid)`,
      [pid],
    )
    await under
  })
})
