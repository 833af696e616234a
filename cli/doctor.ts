import type { Command } from 'commander'
import { type Paint, paintFor } from './paint.ts'
import { print, printJson } from './print.ts'
import { printable } from './text.ts'

type Flags = { demo?: boolean; json?: boolean }

/** The result of one check; `advice` says what to do about a fault. */
export type Finding = { check: string; ok: boolean; message: string; advice: string | null }

/** Findings as lines: faults carry their advice below them. */
export const findingLines = (findings: readonly Finding[], paint: Paint): string[] =>
  findings.flatMap(({ check, ok, message, advice }) => [
    `${ok ? paint('green', '✓') : paint('red', '✗')} ${paint('bold', check)}: ${printable(message)}`,
    ...(advice === null ? [] : [`    ${printable(advice)}`]),
  ])

const examine = async (demo: boolean): Promise<{ findings: Finding[]; code: number }> => {
  const { checkDatabase, checkSource, ConfigError, realWorld } = await import('../src/node.ts')
  const { readSettings, sourceFor } = await import('./settings.ts')
  const findings: Finding[] = []
  try {
    const settings = await readSettings({}, demo)
    const message = settings.demo === null ? 'all settings can be read' : 'none is set, so sync runs the demo'
    findings.push({ check: 'configuration', ok: true, message, advice: null })
    findings.push(...(await checkDatabase(settings.options, settings.place)))
    const source = sourceFor(settings)
    if (settings.demo === null) findings.push(...(await checkSource(settings.options, realWorld, source)))
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    findings.push({ check: 'configuration', ok: false, message: error.message, advice: null })
    return { findings, code: 2 }
  }
  return { findings, code: findings.every(({ ok }) => ok) ? 0 : 1 }
}

/** Declares `carsync doctor`. */
export const declareDoctor = (command: Command, done: (code: number) => void): void => {
  command
    .option('--demo', 'check the demo database')
    .option('--json', 'print the findings as one object on stdout')
    .action(async (flags: Flags) => {
      const { findings, code } = await examine(flags.demo === true)
      if (flags.json) printJson({ ok: code === 0, findings })
      else print(findingLines(findings, paintFor(process.stdout, process.env)))
      done(code)
    })
}
