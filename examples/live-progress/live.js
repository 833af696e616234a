/** Shows the run that is on, as it goes, and what it changed when it has ended. */
import { createClient } from 'https://cdn.jsdelivr.net/npm/@supabase/supabase-js@2/+esm'
import { SUPABASE_KEY, SUPABASE_URL } from './settings.js'

const supabase = createClient(SUPABASE_URL, SUPABASE_KEY)
const at = (id) => document.getElementById(id)
const number = new Intl.NumberFormat()
const figure = (value) => (value === null ? '–' : number.format(Math.round(value)))

/** A process that lives gives a sign of life every second; clocks differ. */
const SILENT_MS = 60_000
/** So often a look is taken while a sync is on: it may have stopped, and Realtime may be lost. */
const LOOK_MS = 15_000

const minutes = (ms) => (ms < 60_000 ? `${Math.ceil(ms / 1000)} s` : `${Math.ceil(ms / 60_000)} min`)
const left = ({ eta_low_ms: low, eta_high_ms: high }) => {
  if (low === null) return '–'
  const [from, to] = [minutes(low), minutes(high ?? low)]
  return from === to ? from : `${from} to ${to}`
}

const PHASES = {
  planning: 'asking what there is',
  sweeping: 'reading pages',
  checking: 'checking that nothing was missed',
  done: 'ending',
}
const stateOf = ({ status, phase }, isOn) => {
  if (isOn) return `A sync is on: ${PHASES[phase] ?? phase}.`
  return status === 'running'
    ? 'The last sync has stopped without an end; the next one goes on from there.'
    : `No sync is on. The last one: ${status}.`
}

/** The row of sync_progress that was seen last; null: there is none. */
let latest = null

const show = () => {
  if (latest === null) return
  const isOn = latest.status === 'running' && Date.now() - Date.parse(latest.heartbeat_at) < SILENT_MS
  at('state').textContent = stateOf(latest, isOn)
  at('bar').value = latest.pages_total > 0 ? Math.min(1, latest.pages_done / latest.pages_total) : 0
  at('seen').textContent = figure(latest.cars_seen)
  at('inserted').textContent = figure(latest.cars_inserted)
  at('updated').textContent = figure(latest.cars_updated)
  at('speed').textContent = isOn ? figure(latest.cars_per_minute) : '–'
  at('left').textContent = isOn ? left(latest) : '–'
}

const cell = (text, isNumber = true) => {
  const td = document.createElement('td')
  td.textContent = text
  if (isNumber) td.className = 'number'
  return td
}

const showPrices = async () => {
  const { data, error } = await supabase
    .from('price_changes')
    .select('id, title, price_from, price_to, percent, currency')
    .order('id', { ascending: false })
    .limit(20)
  if (error) {
    at('prices-state').textContent = `The price changes cannot be read: ${error.message}`
    return
  }
  at('prices-state').textContent = data.length === 0 ? 'None yet.' : ''
  at('prices').replaceChildren(
    ...data.map((change) => {
      const money = (value) => (value === null ? '–' : `${number.format(value)} ${change.currency ?? ''}`)
      const row = document.createElement('tr')
      row.append(
        cell(change.title ?? '', false),
        cell(money(change.price_from)),
        cell(money(change.price_to)),
        cell(change.percent ?? ''),
      )
      return row
    }),
  )
}

const follow = (row) => {
  // A look that was on its way may come after what Realtime told meanwhile.
  if (latest !== null && Date.parse(row.updated_at) < Date.parse(latest.updated_at)) return
  const wasOn = latest?.status === 'running'
  latest = row
  show()
  if (wasOn && row.status !== 'running') void showPrices()
}

const look = async () => {
  const { data, error } = await supabase.from('sync_progress').select('*').limit(1).maybeSingle()
  if (error) at('state').textContent = `The progress cannot be read: ${error.message}`
  else if (data) follow(data)
  else at('state').textContent = 'There has been no sync yet.'
}

// A look when the channel is open, again and again if it is lost, and when the database begins to tell it of changes: what
// changed before that is not missed.
supabase
  .channel('sync')
  .on('postgres_changes', { event: '*', schema: 'public', table: 'sync_progress' }, ({ new: row }) => follow(row))
  .on('system', {}, () => void look())
  .subscribe((status) => {
    if (status === 'SUBSCRIBED') void look()
  })
void look()
void showPrices()
setInterval(() => {
  if (latest?.status === 'running') void look()
}, LOOK_MS)
