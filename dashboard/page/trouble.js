/** What is wrong, what waits for a person, and what could not be stored. */
import { ask } from '/ask.js'
import { byId, getJson, make, setClass, write } from '/dom.js'
import { age, count, counted, moment } from '/format.js'

const decide = (decision, run) => {
  const many = counted(run.cars, 'car')
  ask({
    title: decision === 'approve' ? 'Mark them removed' : 'Forget the list',
    what:
      decision === 'approve'
        ? `${many} of run ${run.runId.slice(0, 8)} ${run.cars === 1 ? 'is' : 'are'} marked removed, but for those seen since. It can be undone on the command line.`
        : `${many} ${run.cars === 1 ? 'counts' : 'count'} as there again and would have to be proven gone anew.`,
    path: `/api/removals/${run.runId}/${decision}`,
    always: true,
    done: ({ done, error }) =>
      write(
        byId('decided'),
        error ??
          (decision === 'approve'
            ? `Marked ${counted(done.cars, 'car')} removed.`
            : `Forgot ${counted(done.cars, 'car')}.`),
      ),
  })
}

const heldOf = (run) => {
  const approve = make('button', { type: 'button', className: 'danger' }, 'Approve: mark them removed')
  const discard = make('button', { type: 'button' }, 'Discard: forget the list')
  approve.addEventListener('click', () => decide('approve', run))
  discard.addEventListener('click', () => decide('discard', run))
  return make(
    'div',
    { className: 'held' },
    make(
      'p',
      {},
      `${counted(run.cars, 'car')}, proven gone by run ${run.runId.slice(0, 8)}, held since ${moment(run.at)}.`,
    ),
    make('p', { className: 'hint' }, run.segments.map(({ name, cars }) => `${name}: ${count(cars)}`).join(', ')),
    make('div', { className: 'actions' }, approve, discard),
  )
}

const setConcerns = (health, faults) => {
  byId('concerns').replaceChildren(
    ...(health.length > 0
      ? health.map(({ weight, message }) =>
          make('li', { className: weight }, `${weight === 'fault' ? 'Fault' : 'Note'}: ${message}.`),
        )
      : [make('li', { className: 'well' }, 'All is well.')]),
  )
  const badge = byId('trouble-count')
  badge.hidden = faults === 0
  write(badge, String(faults))
  return faults > 0 ? 'bad' : health.length > 0 ? 'note' : 'good'
}

/** What was judged last; `unknown`: why nobody knows whether it is still so. */
const judged = { line: '', mood: '', faults: 0, coveredUntil: undefined, unknown: null }

const showHealth = () => {
  const { line, mood, unknown } = judged
  write(byId('health'), unknown === null ? line : `Not known: ${unknown}. Before that: ${line}`)
  setClass(byId('health'), `health ${unknown === null ? mood : 'note'}`)
}

/** Says that what is shown may not be so any more, or with null that it is. */
export const setUnknown = (why) => {
  judged.unknown = why
  showHealth()
}

/** To be called again and again, for the age grows. */
export const showCovered = () => {
  const { coveredUntil } = judged
  if (coveredUntil === undefined) return
  write(
    byId('covered'),
    coveredUntil === null
      ? 'No sweep was completed yet: cars are missing'
      : `Everything is known up to ${moment(coveredUntil)}, ${age(Date.now() - coveredUntil)} ago`,
  )
}

/** Set before the title, for whoever has the page in another tab. */
export const faultsMark = () => (judged.faults > 0 ? `(${judged.faults}) ` : '')

let held = null
export const setTrouble = ({ health, line, held: runs, coveredUntil }) => {
  const faults = health.filter(({ weight }) => weight === 'fault').length
  Object.assign(judged, { line, mood: setConcerns(health, faults), faults, coveredUntil })
  showHealth()
  showCovered()
  // Made anew only where they differ: a button that somebody is on must not vanish under the finger.
  if (held === JSON.stringify(runs)) return
  held = JSON.stringify(runs)
  byId('held').replaceChildren(...(runs.length > 0 ? runs.map(heldOf) : [make('p', { className: 'hint' }, 'None.')]))
}

const pretty = (payload) => {
  try {
    return JSON.stringify(JSON.parse(payload), null, 2)
  } catch {
    return payload
  }
}

const rejectOf = ({ id, reason, path, segment, page, position, sourceId, payload, cut, at }) => {
  const where = `${segment}, page ${page}, row ${position + 1}`
  return make(
    'details',
    { 'data-id': id },
    make(
      'summary',
      {},
      `${reason}${path ? ` at ${path}` : ''}: ${sourceId === null ? 'no id' : `id ${sourceId}`} (${where}, ${moment(at)})`,
    ),
    make('pre', { tabindex: '0' }, cut ? `${payload}\n… (the whole of it: carsync rejects --json)` : pretty(payload)),
  )
}

let rejects = null
export const refreshRejects = async () => {
  const rows = await getJson('/api/rejects')
  const ids = rows.map(({ id }) => id).join()
  if (ids === rejects) return
  rejects = ids
  const open = new Set([...byId('rejects').querySelectorAll('details[open]')].map((each) => each.dataset.id))
  byId('rejects').replaceChildren(
    ...(rows.length > 0 ? rows.map(rejectOf) : [make('p', { className: 'hint' }, 'None.')]),
  )
  for (const each of byId('rejects').querySelectorAll('details')) each.open = open.has(each.dataset.id)
}
