import type { Finding } from '../src/node.ts'

/** The oldest Node that runs TypeScript as it is. */
const OLDEST = [22, 19] as const

/** Whether this Node will do. `version` as in `process.versions.node`. */
export const nodeFinding = (version: string): Finding => {
  const [major = 0, minor = 0] = version.split('.').map(Number)
  const ok = major > OLDEST[0] || (major === OLDEST[0] && minor >= OLDEST[1])
  const advice = ok ? null : `Node ${OLDEST.join('.')} or later is needed; npm ci brings the right one for npm run.`
  return { check: 'node', ok, message: `version ${version}`, advice }
}
