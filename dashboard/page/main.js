/** Hears what the server says and hands it to the parts of the page. */
import { refreshCars } from '/cars.js'
import { byId, setClass, write } from '/dom.js'
import { setHistory } from '/history.js'
import { refreshInventory } from '/inventory.js'
import { setNow, setSamples } from '/now.js'
import { refreshRejects, setTrouble, setUnknown, showCovered } from '/trouble.js'

/** So often inventory and rejects are asked for while the page is seen, and at once when a run begins or ends. */
const REFRESH_MS = 10_000

const link = (text, isLost = false) => {
  write(byId('link'), text)
  setClass(byId('link'), isLost ? 'link lost' : 'link')
}

let refreshedAt = 0
let seen = ''
const refresh = () => {
  refreshedAt = performance.now()
  for (const work of [refreshInventory, refreshRejects]) work().catch(() => {})
}

const source = new EventSource('/api/live')
const on = (name, take) => source.addEventListener(name, ({ data }) => take(JSON.parse(data)))

source.addEventListener('open', () => link('live'))
source.addEventListener('error', () => {
  link('connection lost, trying again', true)
  setUnknown('the connection to the program that serves this page is lost')
})
setSamples([])
on('samples', setSamples)
on('now', (now) => {
  setNow(now)
  setUnknown(now.trouble === null ? null : 'the database cannot be read')
  showCovered()
  const { live } = now
  // A run that begins or ends, and a decision on removals, change what is there at once.
  const mark = `${live?.runId} ${live?.status} ${live?.heldRemovals} ${live?.cars.removed}`
  if (mark !== seen) {
    seen = mark
    refresh()
    refreshCars()
  } else if (!document.hidden && performance.now() - refreshedAt > REFRESH_MS) refresh()
})
on('lately', (lately) => {
  setHistory(lately.runs)
  setTrouble(lately)
})
on('closed', () => {
  source.close()
  link('the program that served this page has ended', true)
  setUnknown('the program that served this page has ended')
})
