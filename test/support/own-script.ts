/** A script of the repository as an own process runs it, with the flags of package.json: what was compiled is kept. */
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { nodeFlags } from '../../scripts/node-flags.ts'

const ROOT = fileURLToPath(new URL('../../', import.meta.url))
const FLAGS = nodeFlags(ROOT)

/** The arguments of Node: its flags and the script (`cli/main.ts`), given from the root of the repository. */
export const ownScript = (script: string): string[] => [...FLAGS, join(ROOT, script)]
