/** Having something done: asks for the token, and for a second thought where that is due. */
import { byId, write } from '/dom.js'

const KEY = 'carsync-token'
const dialog = byId('ask')
const field = byId('ask-token')

const post = async (path, token) => {
  const response = await fetch(path, { method: 'POST', headers: { authorization: `Bearer ${token}` } })
  return { status: response.status, said: await response.json() }
}

let asked = null

const tryIt = async (token) => {
  const { status, said } = await post(asked.path, token)
  if (status === 401) {
    sessionStorage.removeItem(KEY)
    write(byId('ask-error'), said.error)
    field.value = ''
    field.focus()
    return
  }
  sessionStorage.setItem(KEY, token)
  dialog.close()
  asked.done(status < 300 ? { done: said } : { error: said.error })
}

const failed = (error) => asked.done({ error: `The dashboard does not answer: ${error.message}` })

byId('ask-form').addEventListener('submit', (event) => {
  event.preventDefault()
  tryIt(field.value.trim()).catch((error) => {
    dialog.close()
    failed(error)
  })
})
byId('ask-cancel').addEventListener('click', () => dialog.close())

/** `always`: it is asked for even where the token is known. `done` hears what the server said. */
export const ask = ({ title, what, path, always, done }) => {
  asked = { path, done }
  const known = sessionStorage.getItem(KEY)
  write(byId('ask-error'), '')
  write(byId('ask-title'), title)
  write(byId('ask-what'), what)
  write(byId('ask-go'), title)
  field.value = known ?? ''
  const show = () => {
    dialog.showModal()
    const first = known === null || !always ? field : byId('ask-cancel')
    first.focus()
  }
  if (known === null || always) return show()
  // A token of another day is asked for anew.
  post(path, known).then(({ status, said }) => {
    if (status !== 401) return done(status < 300 ? { done: said } : { error: said.error })
    sessionStorage.removeItem(KEY)
    field.value = ''
    show()
  }, failed)
}
