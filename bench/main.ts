/**
 * `npm run bench [-- name …]`: prints a table with the machine's name and puts it into bench/RESULTS.md.
 * `npm run bench -- --compare <commit>`: prints how this tree does against another version, and keeps nothing.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import { parseArgs } from 'node:util'
import { compare } from './compare.ts'
import { crash } from './crash.ts'
import { dashboard } from './dashboard.ts'
import { edge } from './edge.ts'
import { embedded } from './embedded.ts'
import { faults } from './faults.ts'
import { growth } from './growth.ts'
import { limiters } from './limiters.ts'
import { load } from './load.ts'
import { moving } from './moving.ts'
import { oneRequestASecond } from './one-request-a-second.ts'
import { pace } from './pace.ts'
import { requests } from './requests.ts'
import { smallDatabase } from './small-database.ts'
import { start } from './start.ts'
import type { Table } from './table.ts'
import { asMarkdown } from './table.ts'
import { watchers } from './watchers.ts'

const RESULTS = new URL('./RESULTS.md', import.meta.url)

/** Run by default are those that end within minutes; the others are asked for by name. */
const BENCHES: Readonly<Record<string, { byDefault: boolean; run(): Promise<Table | Table[]> }>> = {
  load: { byDefault: true, run: load },
  embedded: { byDefault: true, run: embedded },
  growth: { byDefault: false, run: growth },
  start: { byDefault: true, run: start },
  pace: { byDefault: true, run: pace },
  limiters: { byDefault: false, run: limiters },
  crash: { byDefault: false, run: crash },
  dashboard: { byDefault: false, run: async () => [await watchers(), await dashboard()] },
  edge: { byDefault: false, run: edge },
  faults: { byDefault: false, run: faults },
  moving: { byDefault: false, run: moving },
  requests: { byDefault: false, run: requests },
  'small-database': { byDefault: false, run: smallDatabase },
  'one-request-a-second': { byDefault: false, run: oneRequestASecond },
}

const machine = (): string => {
  const cpus = os.cpus()
  const memory = Math.round(os.totalmem() / 2 ** 30)
  return `${cpus[0]?.model.trim() ?? 'unknown'}, ${cpus.length} cores, ${memory} GB, Node ${process.versions.node}`
}

/** Replaces the section of this bench, or adds it. */
const keep = (name: string, tables: string): void => {
  let text = '# Results\n\nEach section is the latest run of one benchmark; ratios are of one run, on one machine.\n'
  try {
    text = readFileSync(RESULTS, 'utf8')
  } catch {
    // The first results make the file.
  }
  const heading = `## ${name}`
  const section = `${heading}\n\n${new Date().toISOString().slice(0, 10)}, ${machine()}\n\n${tables}\n`
  const sections = text.split(/^(?=## )/m)
  const at = sections.findIndex((each) => each.startsWith(`${heading}\n`))
  if (at >= 0) sections[at] = section
  else sections.push(section)
  writeFileSync(RESULTS, `${sections.map((each) => each.trim()).join('\n\n')}\n`)
}

const { values, positionals: wanted } = parseArgs({ options: { compare: { type: 'string' } }, allowPositionals: true })
const unknown = wanted.find((name) => !(name in BENCHES))
if (unknown !== undefined) {
  console.error(`There is no benchmark "${unknown}". There are: ${Object.keys(BENCHES).join(', ')}.`)
  process.exit(2)
}
console.log(machine())
if (values.compare !== undefined) {
  console.log(`\n${asMarkdown(await compare(values.compare))}`)
  process.exit(0)
}
for (const [name, bench] of Object.entries(BENCHES)) {
  if (wanted.length === 0 ? !bench.byDefault : !wanted.includes(name)) continue
  const tables = [await bench.run()].flat().map(asMarkdown).join('\n\n')
  console.log(`\n${name}\n${tables}`)
  keep(name, tables)
}
