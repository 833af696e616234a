/** The real command, killed at any instant: the next one goes on, and the end is that of an undisturbed run. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { databaseKinds, newPostgresUrl } from './support/databases.ts'
import { killMatrix, killsOf } from './support/kill-matrix.ts'

const SEED = 7
/** Each stage is aimed at. `bench/crash.ts` kills far more often; the embedded database takes seconds to begin anew. */
const KILLS = { postgres: 9, embedded: 4 }
const NOTHING = { carsLost: 0, carsWrong: 0, rejectsWrong: 0, committedAgain: 0 }

describe('a sync that is killed at many instants of its life', { concurrency: true }, () => {
  for (const kind of databaseKinds)
    it(`ends as if nothing had been (${kind})`, async (t) => {
      const newUrl = kind === 'postgres' ? newPostgresUrl : null
      const kills = KILLS[kind]
      const matrix = await killMatrix({ kills, seed: SEED, cars: 400, pageSize: 20, newUrl })
      const { killedIn, complaints, carsLost, carsWrong, rejectsWrong, committedAgain, fetchedAgain, underWay } = matrix
      const where = `seed ${SEED}, killed while ${JSON.stringify(killedIn)}`
      t.diagnostic(`${where}; ${fetchedAgain} pages again, ${underWay} were under way`)
      assert.deepEqual(complaints, [], where)
      assert.equal(killsOf(matrix), kills, where)
      for (const stage of ['planning', 'sweeping'] as const) assert.ok(killedIn[stage] > 0, where)
      assert.deepEqual({ carsLost, carsWrong, rejectsWrong, committedAgain }, NOTHING, where)
      assert.ok(fetchedAgain <= underWay, `${fetchedAgain} pages again, ${underWay} were under way; ${where}`)
    })
})
