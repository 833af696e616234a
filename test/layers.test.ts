import assert from 'node:assert/strict'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path/posix'
import { describe, it } from 'node:test'

const ROOT = join(import.meta.dirname, '..')
const FOLDERS = ['src', 'cli', 'demo', 'dashboard', 'supabase/functions', 'scripts']

type Import = { to: string; typesOnly: boolean; dynamic: boolean }
type Module = { path: string; text: string; code: string; imports: Import[] }

/** Without comments. A slash pair within quotes, as in an address, is none. */
const codeOf = (text: string): string =>
  text.replace(
    /('(?:\\.|[^'\\\n])*'|`(?:\\.|[^`\\])*`|"(?:\\.|[^"\\\n])*")|\/\*[\s\S]*?\*\/|\/\/[^\n]*/g,
    (_, quoted) => quoted ?? '',
  )

const STATIC = /(?:^|\n)\s*(?:import|export)\s+(type\s+)?(?:[\w$*\s{},]+?\s+from\s+)?'([^']+)'/g
const DYNAMIC = /\bimport\(\s*'([^']+)'/g

/** What is imported: a path from the root for files of ours, the specifier itself for packages. */
const importsOf = (path: string, code: string): Import[] => {
  const target = (specifier: string): string => (specifier.startsWith('.') ? join(dirname(path), specifier) : specifier)
  return [
    ...[...code.matchAll(STATIC)].map((match) => ({ to: target(match[2]!), typesOnly: !!match[1], dynamic: false })),
    ...[...code.matchAll(DYNAMIC)].map((match) => ({ to: target(match[1]!), typesOnly: false, dynamic: true })),
  ]
}

const modules: Module[] = FOLDERS.filter((folder) => existsSync(join(ROOT, folder))).flatMap((folder) =>
  readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
    .filter((file) => /\.[cm]?tsx?$/.test(file) && !file.includes('node_modules'))
    .map((file): Module => {
      const path = join(folder, file)
      const text = readFileSync(join(ROOT, path), 'utf8')
      const code = codeOf(text)
      return { path, text, code, imports: importsOf(path, code) }
    }),
)
const byPath = new Map(modules.map((module) => [module.path, module]))
const under = (folder: string): Module[] => modules.filter(({ path }) => path.startsWith(`${folder}/`))

/** Every import out of these modules that the rule forbids, as "from → to". */
const offences = (from: readonly Module[], allowed: (to: Import, path: string) => boolean): string[] =>
  from.flatMap(({ path, imports }) => imports.filter((each) => !allowed(each, path)).map(({ to }) => `${path} → ${to}`))

const isIn = (to: string, ...folders: string[]): boolean => folders.some((folder) => to.startsWith(`${folder}/`))
const isPackage = (to: string): boolean =>
  !FOLDERS.some((folder) => isIn(to, folder)) && !to.startsWith('.') && !to.endsWith('.ts')

/** Modules that are loaded when this one is, and how one gets there. */
const loadedBy = (start: string, follow: (each: Import) => boolean): Map<string, string[]> => {
  const ways = new Map<string, string[]>([[start, [start]]])
  for (const [path, way] of ways)
    for (const each of byPath.get(path)?.imports ?? [])
      if (follow(each) && !ways.has(each.to)) ways.set(each.to, [...way, each.to])
  return ways
}

describe('the parser of imports', () => {
  it('sees every way to import', () => {
    const code = codeOf(`
      // import { no } from './no.ts'
      import './bare.ts'
      import type { A } from './type.ts'
      import { a, type B } from 'package'
      import {
        c,
      } from '../up.ts'
      export * from './star.ts'
      export type { D } from './shown.ts'
      const url = 'https://no.example' /* import('./no.ts') */
      const late = await import('./late.ts')
    `)
    const found = importsOf('src/here/x.ts', code).map(({ to, typesOnly, dynamic }) => [to, typesOnly, dynamic])
    assert.deepEqual(found, [
      ['src/here/bare.ts', false, false],
      ['src/here/type.ts', true, false],
      ['package', false, false],
      ['src/up.ts', false, false],
      ['src/here/star.ts', false, false],
      ['src/here/shown.ts', true, false],
      ['src/here/late.ts', false, true],
    ])
  })

  it('has read the engine and its doors', () => {
    for (const folder of ['src/car', 'src/pace', 'src/run', 'src/source', 'src/store', 'cli', 'demo'])
      assert.ok(under(folder).length > 1, folder)
    assert.ok(byPath.get('src/sync.ts')!.imports.length > 5)
  })

  it('finds every import of a file of ours at its place', () => {
    const missing = offences(modules, ({ to }) => isPackage(to) || existsSync(join(ROOT, to)))
    assert.deepEqual(missing, [])
  })
})

describe('who may import whom', () => {
  it('src/car: itself, and node:crypto', () => {
    assert.deepEqual(
      offences(under('src/car'), ({ to }) => isIn(to, 'src/car') || to === 'node:crypto'),
      [],
    )
  })

  it('src/pace: itself', () => {
    assert.deepEqual(
      offences(under('src/pace'), ({ to }) => isIn(to, 'src/pace')),
      [],
    )
  })

  it('src/source: itself, src/car, bytes and digests', () => {
    const allowed = ({ to }: Import): boolean =>
      isIn(to, 'src/source', 'src/car') || to === 'node:buffer' || to === 'node:crypto'
    assert.deepEqual(offences(under('src/source'), allowed), [])
  })

  it('src/run: itself, src/pace, src/car, and of a source the types', () => {
    const allowed = ({ to, typesOnly }: Import): boolean =>
      isIn(to, 'src/run', 'src/pace', 'src/car') || (typesOnly && isIn(to, 'src/source'))
    assert.deepEqual(offences(under('src/run'), allowed), [])
  })

  it('src/store: itself and what is further in; of the engine around it errors, and the types of events and world', () => {
    const allowed = ({ to, typesOnly }: Import): boolean =>
      isIn(to, 'src/store', 'src/run', 'src/source', 'src/pace', 'src/car') ||
      to === 'src/errors.ts' ||
      (typesOnly && (to === 'src/events.ts' || to === 'src/world.ts')) ||
      isPackage(to)
    assert.deepEqual(offences(under('src/store'), allowed), [])
  })

  /** The folders of the loop, each with those of them that it may know beside what is further in. */
  const loop: Readonly<Record<string, readonly string[]>> = {
    request: [],
    commit: [],
    lease: [],
    alert: [],
    sweep: ['request', 'commit'],
    proof: ['request', 'commit', 'sweep'],
    check: ['request', 'sweep'],
    decision: ['commit', 'lease'],
  }
  const vocabulary = ['errors', 'events', 'explained', 'options', 'world'].map((name) => `src/${name}.ts`)
  for (const [folder, known] of Object.entries(loop))
    it(`src/${folder}: itself${known.map((each) => `, src/${each}`).join('')}, what is further in, and vocabulary`, () => {
      const folders = ['store', 'run', 'source', 'pace', 'car', folder, ...known].map((each) => `src/${each}`)
      const allowed = ({ to }: Import): boolean =>
        isIn(to, ...folders) || to === 'src/fetch-page.ts' || vocabulary.includes(to) || isPackage(to)
      assert.ok(under(`src/${folder}`).length > 1)
      assert.deepEqual(offences(under(`src/${folder}`), allowed), [])
    })

  it('src: never a door', () => {
    assert.deepEqual(
      offences(under('src'), ({ to }) => isIn(to, 'src') || isPackage(to)),
      [],
    )
  })

  it('only src/node.ts and its own folder know the embedded database; nothing of the engine imports src/mod.ts but src/node.ts', () => {
    const allowed = ({ to }: Import, path: string): boolean =>
      path === 'src/node.ts' || !['src/store/connection/embedded.ts', 'src/mod.ts', 'src/node.ts'].includes(to)
    assert.deepEqual(offences(under('src'), allowed), [])
  })

  it('the engine has three packages: postgres, and loaded on demand PGlite and, on Node, undici', () => {
    const allowed = ({ to, dynamic, typesOnly }: Import, path: string): boolean =>
      !isPackage(to) ||
      to.startsWith('node:') ||
      (to === 'postgres' && path === 'src/store/connection/postgres-connection.ts') ||
      (to === 'undici' && path === 'src/node-world.ts' && typesOnly) ||
      (to === '@electric-sql/pglite' && path === 'src/store/connection/embedded.ts' && dynamic)
    assert.deepEqual(offences(under('src'), allowed), [])
  })

  it('src/mod.ts runs anywhere: it reaches no file, no embedded database and nothing else of Node alone', () => {
    const anywhere = [
      'postgres',
      'node:buffer',
      'node:crypto',
      'node:net',
      'node:tls',
      'node:stream',
      'node:stream/promises',
      'node:timers/promises',
    ]
    const reached = [...loadedBy('src/mod.ts', ({ typesOnly }) => !typesOnly)]
    assert.ok(reached.some(([path]) => path === 'src/sync.ts'))
    const wrong = reached.filter(([path]) =>
      byPath.has(path) ? path === 'src/store/connection/embedded.ts' : !anywhere.includes(path),
    )
    assert.deepEqual(
      wrong.map(([, way]) => way.join(' → ')),
      [],
    )
  })

  it('a sync of a real source begins without the demo and the pages of the dashboard', () => {
    const loaded = loadedBy('cli/sync.ts', ({ typesOnly, dynamic }) => !typesOnly && !dynamic)
    assert.ok(loaded.has('cli/demo.ts'))
    const needless = [...loaded].filter(([path]) => isIn(path, 'demo', 'dashboard'))
    assert.deepEqual(
      needless.map(([, way]) => way.join(' → ')),
      [],
    )
  })

  const doors: Readonly<Record<string, readonly string[]>> = {
    cli: ['src/mod.ts', 'src/node.ts'],
    dashboard: ['src/mod.ts', 'src/node.ts'],
    'supabase/functions': ['src/mod.ts'],
  }
  for (const [door, entrances] of Object.entries(doors))
    it(`${door}: the engine through ${entrances.join(' or ')}, ${door === 'cli' ? 'the demo, the dashboard, ' : ''}itself and packages`, () => {
      const allowed = ({ to }: Import): boolean =>
        entrances.includes(to) || isIn(to, door) || (door === 'cli' && isIn(to, 'demo', 'dashboard')) || isPackage(to)
      assert.deepEqual(offences(under(door), allowed), [])
    })

  it('demo: itself and Node; it is a stranger to the engine', () => {
    assert.deepEqual(
      offences(under('demo'), ({ to }) => isIn(to, 'demo') || to.startsWith('node:')),
      [],
    )
  })

  it('nothing in a circle', () => {
    const circles = modules.flatMap(({ path, imports }) =>
      imports
        .filter(({ typesOnly }) => !typesOnly)
        .map(({ to }) => loadedBy(to, (each) => !each.typesOnly && byPath.has(each.to)).get(path))
        .filter((way) => way !== undefined)
        .map((way) => [path, ...way].join(' → ')),
    )
    assert.deepEqual(circles, [])
  })
})

describe('how a file is written', () => {
  /** The files in which the pattern occurs, with what was found. */
  const findings = (files: readonly Module[], pattern: RegExp): string[] =>
    files.flatMap(({ path, code }) => (pattern.exec(code) ? [`${path}: ${pattern.exec(code)![0].trim()}`] : []))

  it('imports files with their .ts', () => {
    assert.deepEqual(
      offences(modules, ({ to }) => isPackage(to) || to.endsWith('.ts')),
      [],
    )
  })

  it('exports nothing by default, and has no enum, no namespace and no private members by keyword', () => {
    const usual = modules.filter(({ path }) => !path.startsWith('supabase/'))
    assert.deepEqual(findings(usual, /(?:^|\n)\s*export\s+default\b/), [])
    assert.deepEqual(findings(modules, /(?:^|\n)\s*(?:export\s+)?(?:const\s+)?enum\s+\w/), [])
    assert.deepEqual(findings(modules, /(?:^|\n)\s*(?:export\s+)?namespace\s+\w/), [])
    assert.deepEqual(findings(modules, /(?:^|\n)\s*(?:private|protected)\s+\w/), [])
  })

  it('has classes only for errors', () => {
    assert.deepEqual(findings(under('src'), /\bclass\s+\w+(?!\w)(?!\s+extends\s+(?:Error|SyncError)\b)/), [])
  })

  it('touches no clock, chance, network, environment or console in the pure folders', () => {
    // Which search of bytes is the faster depends on the runtime; what it finds does not.
    const asksForRuntime = 'src/source/find-bytes.ts'
    const pure = ['src/car', 'src/pace', 'src/run', 'src/source']
      .flatMap(under)
      .filter(({ path }) => path !== asksForRuntime)
    const world =
      /\b(?:Date\.now|new Date\(\)|Math\.random|process\.|console\.|fetch\(|performance\.|setTimeout|setInterval|setImmediate|crypto\.random|randomUUID|Deno\.|globalThis)/
    assert.deepEqual(findings(pure, world), [])
  })

  it('reads the environment and prints only in doors', () => {
    assert.deepEqual(findings(under('src'), /\b(?:process\.env|process\.argv|process\.std|console\.|Deno\.env)/), [])
  })

  it('is at most 300 lines long, and named in kebab-case for what it exports, never index', () => {
    const long = modules.filter(({ text }) => text.trimEnd().split('\n').length > 300)
    assert.deepEqual(
      long.map(({ path }) => path),
      [],
    )
    const odd = modules.filter(
      ({ path }) =>
        !path.startsWith('supabase/') &&
        !/^(?:[a-z0-9]+(?:-[a-z0-9]+)*\/)*(?!index\.ts)[a-z0-9]+(?:-[a-z0-9]+)*\.ts$/.test(path),
    )
    assert.deepEqual(
      odd.map(({ path }) => path),
      [],
    )
  })
})
