import type { Command } from 'commander'
import { type AlertRow, alertTargetOf, realWorld, type Store, tellAlerts } from '../src/node.ts'
import { counted, moment } from './figure.ts'
import { parseLimitFlag } from './limit-flag.ts'
import { print, printJson } from './print.ts'
import { type Reading, readFrom } from './reading.ts'
import { readSettings, type Settings } from './settings.ts'
import { stopOnSignals } from './stopping.ts'
import { table } from './table.ts'
import { printable } from './text.ts'

type Flags = { list?: boolean; limit: number; demo?: boolean; json?: boolean }

/** `why`: what kept the last alert from being delivered; null: nothing did. */
type Report = { webhook: boolean; why: string | null; alerts: AlertRow[] }

const PATIENCE_MS = 15_000
const UNDELIVERED = 3

const deliveryOf = ({ deliveredAt, nextTryAt, attempts }: AlertRow): string => {
  if (deliveredAt !== null) return `told ${moment(deliveredAt)}`
  if (nextTryAt === null) return 'nobody told'
  return attempts === 0 ? 'to be told' : `${attempts} failed, again ${moment(nextTryAt)}`
}

/** The instant at which it was replaced is the one since which the newer one is open. */
const endOf = ({ resolvedAt, replacedBy }: AlertRow): string => {
  if (resolvedAt === null) return '-'
  return replacedBy === null ? moment(resolvedAt) : `replaced by that of ${moment(resolvedAt)}`
}

/** Alerts as a table, with a sentence where nobody can be told. */
export const alertLines = ({ webhook, why, alerts }: Report): string[] => {
  const open = alerts.filter(({ resolvedAt }) => resolvedAt === null).length
  const head = open === 0 ? 'No alert is open.' : `${counted(open, 'alert is', 'alerts are')} open.`
  return [
    head,
    ...(webhook ? [] : ['No webhook is configured (CARSYNC_ALERT_URL, CARSYNC_ALERT_SECRET): nobody is told.']),
    ...(why === null ? [] : [`Not delivered: ${printable(why)}. It is kept and tried again.`]),
    ...(alerts.length === 0
      ? []
      : [
          '',
          ...table(
            [
              { title: 'since' },
              { title: 'what' },
              { title: 'over' },
              { title: 'webhook' },
              { title: 'message', max: 100 },
            ],
            alerts.map((alert) => [
              moment(alert.openedAt),
              printable(alert.kind),
              endOf(alert),
              deliveryOf(alert),
              printable(alert.message),
            ]),
          ),
        ]),
  ]
}

const tell = async (store: Store, { options }: Settings): Promise<string | null> => {
  const stopping = stopOnSignals(() => {})
  try {
    const { source, staleHours } = options
    const target = alertTargetOf(options)
    const told = { source, staleHours, target, patienceMs: PATIENCE_MS, stop: stopping.signal }
    const { left, why } = await tellAlerts(store, realWorld, told)
    return left ? (why ?? 'another process has it in hand, or it is tried again later') : null
  } finally {
    stopping.dispose()
  }
}

const lookAndTell = async (flags: Flags): Promise<Reading<Report>> => {
  const settings = await readSettings({}, flags.demo === true)
  const webhook = settings.options.alertUrl !== null
  const ask = async (store: Store): Promise<Report> => {
    const why = flags.list ? null : await tell(store, settings)
    return { webhook, why, alerts: await store.alerts(flags.limit) }
  }
  return readFrom(settings, { webhook, why: null, alerts: [] }, ask, flags.list ? 'look' : 'tend')
}

/** Declares `carsync alerts`. */
export const declareAlerts = (command: Command, done: (code: number) => void): void => {
  command
    .option('--list', 'only look: judge nothing and send nothing')
    .option('--limit <n>', 'how many to show, the open ones first', parseLimitFlag, 20)
    .option('--demo', 'work on the demo database')
    .option('--json', 'print one object with the alerts on stdout')
    .action(async (flags: Flags) => {
      const { found, begun, nothing } = await lookAndTell(flags)
      if (flags.json) printJson(found)
      else print(begun ? alertLines(found) : [nothing])
      done(found.why === null ? 0 : UNDELIVERED)
    })
}
