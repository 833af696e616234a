/** Events as lines of JSON for machines; the names are public (docs/logs.md). Pure. */
import type { Summary, SyncEvent } from '../src/node.ts'

export type Level = 'debug' | 'info' | 'warn' | 'error'

/** What the door itself has to say, beside the events of the engine. */
export type Said =
  | { kind: 'stage'; message: string }
  | { kind: 'message'; message: string }
  | { kind: 'error'; message: string; exitCode: number }

type Entry = { level: Level; event: string } & Record<string, unknown>

const LEVEL_OF_END: Readonly<Record<Summary['status'], Level>> = {
  complete: 'info',
  incomplete: 'warn',
  busy: 'warn',
  failed: 'error',
}

const entryOf = (event: SyncEvent | Said): Entry => {
  switch (event.kind) {
    case 'started': {
      const { runId, source, mode, resumed } = event
      return { level: 'info', event: 'run.started', runId, source, mode, resumed }
    }
    case 'lease-awaited':
      return { level: 'warn', event: 'lease.awaited', holder: event.holder, since: event.since }
    case 'planned':
      return { level: 'info', event: 'run.planned', total: event.total, segments: event.segments, note: event.note }
    case 'progress':
      return { level: 'info', event: 'run.progress', ...event.progress }
    case 'slowed':
      return { level: 'warn', event: 'pace.slowed', why: event.why, waitMs: event.waitMs }
    case 'page-failed': {
      const { label, why, attempt, retryInMs } = event
      return { level: 'warn', event: 'page.failed', label, why, attempt, retryInMs }
    }
    case 'page-dead':
      return { level: 'error', event: 'page.dead', label: event.label, why: event.why }
    case 'note':
      return { level: 'info', event: 'note', message: event.message }
    case 'finished':
      return { level: LEVEL_OF_END[event.summary.status], event: 'run.finished', summary: event.summary }
    case 'stage':
      return { level: 'debug', event: 'stage', message: event.message }
    case 'message':
      return { level: 'info', event: 'message', message: event.message }
    case 'error':
      return { level: 'error', event: 'error', message: event.message, exitCode: event.exitCode }
  }
}

/** JSON leaves these as they are: they end lines for some readers, or steer a terminal that shows the log or turn its line. */
const STEERING = /[\u007f-\u009f\u2028-\u202e\u2066-\u2069]/g

const escaped = (character: string): string => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`

/** One line without its end. `at` is ms since 1970. */
export const logLine = (event: SyncEvent | Said, at: number): string =>
  JSON.stringify({ time: new Date(at).toISOString(), ...entryOf(event) }).replace(STEERING, escaped)
