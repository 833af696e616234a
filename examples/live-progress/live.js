/** Shows the run that is on, as it goes, and what it changed when it has ended. */
import { createClient } from 'https://cdn.jsdelivr.net/npm/@supabase/supabase-js@2/+esm'
import { SUPABASE_KEY, SUPABASE_URL } from './settings.js'

const supabase = createClient(SUPABASE_URL, SUPABASE_KEY)
const at = (id) => document.getElementById(id)
const number = new Intl.NumberFormat()

const minutes = (ms) => (ms < 60_000 ? `${Math.ceil(ms / 1000)} s` : `${Math.ceil(ms / 60_000)} min`)
const left = ({ status, eta_low_ms: low, eta_high_ms: high }) => {
  if (status !== 'running' || low === null) return '–'
  const [from, to] = [minutes(low), minutes(high ?? low)]
  return from === to ? from : `${from} to ${to}`
}

/** A row of sync_progress. */
const show = (row) => {
  const isRunning = row.status === 'running'
  at('state').textContent = isRunning ? `A sync is on: ${row.phase}.` : `No sync is on. The last one: ${row.status}.`
  at('bar').value = row.pages_total > 0 ? Math.min(1, row.pages_done / row.pages_total) : 0
  at('seen').textContent = number.format(row.cars_seen ?? 0)
  at('inserted').textContent = number.format(row.cars_inserted ?? 0)
  at('updated').textContent = number.format(row.cars_updated ?? 0)
  at('speed').textContent = isRunning ? number.format(Math.round(row.cars_per_minute ?? 0)) : '–'
  at('left').textContent = left(row)
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
  if (error) return
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

let wasRunning = false
const follow = (row) => {
  show(row)
  if (wasRunning && row.status !== 'running') void showPrices()
  wasRunning = row.status === 'running'
}

// First the subscription, then the look: what changes in between is not missed.
supabase
  .channel('sync')
  .on('postgres_changes', { event: '*', schema: 'public', table: 'sync_progress' }, ({ new: row }) => follow(row))
  .subscribe()
const { data, error } = await supabase.from('sync_progress').select('*').limit(1).maybeSingle()
if (error) at('state').textContent = `The progress cannot be read: ${error.message}`
else if (data) follow(data)
else at('state').textContent = 'There has been no sync yet.'
void showPrices()
