import { accessSync, constants, existsSync } from 'node:fs'
import { dirname } from 'node:path'
import type { Command } from 'commander'
import type { AlertTarget, Finding } from '../src/node.ts'
import { nodeFinding } from './node-finding.ts'
import { type Paint, paintFor } from './paint.ts'
import { print, printJson } from './print.ts'
import type { Settings } from './settings.ts'
import { sizeFinding } from './size-estimate.ts'
import { printable } from './text.ts'
import { whileWaiting } from './waiting.ts'

type Flags = { demo?: boolean; json?: boolean }

/** Findings as lines: faults carry their advice below them. */
export const findingLines = (findings: readonly Finding[], paint: Paint): string[] =>
  findings.flatMap(({ check, ok, message, advice }) => [
    `${ok ? paint('green', '✓') : paint('red', '✗')} ${paint('bold', check)}: ${printable(message)}`,
    ...(advice === null ? [] : [`    ${printable(advice)}`]),
  ])

/** Said first: whether all is well, and if not, which checks failed. */
export const verdictLine = (findings: readonly Finding[]): string => {
  const faults = findings.filter(({ ok }) => !ok).map(({ check }) => check)
  return faults.length === 0 ? 'All is well.' : `Not well: ${[...new Set(faults)].join(', ')}.`
}

const sizeFindings = async ({ options, place }: Settings, found: readonly Finding[]): Promise<Finding[]> => {
  const { measureCars } = await import('../src/node.ts')
  const exists = options.databaseUrl !== null || existsSync(place.embeddedFolder)
  const reached = found.some(({ check, ok }) => check === 'database' && ok)
  const measured = exists && reached ? await measureCars(options, place) : null
  return [sizeFinding(found.find(({ cars }) => cars !== undefined)?.cars ?? null, measured)]
}

/** Throws unless something can be put into this folder, or into the one that it would be made in. */
const mayMake = (folder: string): void => {
  const there = existsSync(folder) ? folder : dirname(folder)
  // With the dot at its end it must be a folder.
  accessSync(`${there}/.`, constants.W_OK | constants.X_OK)
}

const databaseFindings = async ({ options, place }: Settings): Promise<Finding[]> => {
  const { checkDatabase, messageOf } = await import('../src/node.ts')
  if (options.databaseUrl !== null || existsSync(place.embeddedFolder)) return checkDatabase(options, place)
  const where = `embedded, in ${place.embeddedFolder}`
  try {
    mayMake(dirname(place.embeddedFolder))
  } catch (error) {
    const message = `${where}; the first sync could not make it: ${messageOf(error)}`
    const advice = 'Let this user write there, run it in another folder, or set DATABASE_URL to a Postgres.'
    return [{ check: 'database', ok: false, message, advice }]
  }
  return [{ check: 'database', ok: true, message: `${where}; the first sync makes it`, advice: null }]
}

/** Without a webhook nobody is told of anything, which is a choice and no fault. */
export const alertFinding = (target: AlertTarget | null): Finding => ({
  check: 'alerts',
  ok: true,
  message:
    target === null
      ? 'no webhook is configured; with CARSYNC_ALERT_URL and CARSYNC_ALERT_SECRET somebody is told when something is wrong'
      : `sent to a webhook at ${target.host}, signed`,
  advice: null,
})

/** Goes on after a fault where the next check still means something. */
const examine = async (demo: boolean): Promise<{ findings: Finding[]; code: number }> => {
  const { alertTargetOf, checkSource, ConfigError, ownName, realWorld } = await import('../src/node.ts')
  const { readSettings, sourceFor } = await import('./settings.ts')
  const findings: Finding[] = [nodeFinding(process.versions.node)]
  try {
    const settings = await readSettings({}, demo)
    const message =
      settings.demo === 'unconfigured' ? 'nothing is set, so sync mirrors the demo' : 'the settings can be read'
    findings.push({ check: 'configuration', ok: true, message, advice: ownName(settings.options.source) })
    const waiting = <T>(what: string, work: () => Promise<T>) => whileWaiting(what, process.stderr, process.env, work)
    findings.push(...(await waiting('waiting for the database', () => databaseFindings(settings))))
    findings.push(alertFinding(alertTargetOf(settings.options)))
    const source = sourceFor(settings)
    if (settings.demo === null)
      findings.push(
        ...(await waiting('waiting for the source', () => checkSource(settings.options, realWorld, source))),
      )
    findings.push(...(await sizeFindings(settings, findings)))
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
      else print([verdictLine(findings), '', ...findingLines(findings, paintFor(process.stdout, process.env))])
      done(code)
    })
}
