import assert from 'node:assert/strict'
import { test } from 'node:test'
import { calledAs, calledOn } from '../../cli/called-as.ts'

const as = (env: Record<string, string>, script: string) =>
  calledAs({ env, argv: ['node', script], cwd: () => '/clone' })

test('commands are given the way this one was called', () => {
  assert.equal(as({}, '/usr/bin/carsync')('rejects'), 'carsync rejects')
  assert.equal(as({ npm_command: 'exec' }, '/x/carsync')('status'), 'npx carsync status')
  assert.equal(as({ npm_lifecycle_event: 'sync-cars' }, '/clone/cli/main.ts')('sync'), 'npm run sync-cars')
  assert.equal(as({}, '/clone/cli/main.ts')('sync --demo'), 'npm run sync-cars -- --demo')
  assert.equal(as({}, '/clone/cli/main.ts')('rejects'), 'npm run carsync -- rejects')
  assert.equal(as({}, '/elsewhere/scripts/sync-cars.ts')('status'), 'node /elsewhere/cli/main.ts status')
})

test('what was asked of the demo goes on with the demo', () => {
  const call = as({}, '/clone/cli/main.ts')
  assert.equal(calledOn(call, true)('removals approve 5f0c4f5e'), 'npm run carsync -- removals approve 5f0c4f5e --demo')
  assert.equal(calledOn(call, false)('sync'), 'npm run sync-cars')
})
