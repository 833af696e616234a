/** Writing into the page: always as text, so that nothing a source says is ever read as markup. */

export const byId = (id) => document.getElementById(id)

/** An element with these properties; `data-` and `aria-` names and `role`, `scope` go in as attributes. */
export const make = (tag, properties = {}, ...children) => {
  const element = document.createElement(tag)
  for (const [name, value] of Object.entries(properties)) {
    if (value === undefined || value === null) continue
    if (/^(data-|aria-|role$|scope$|tabindex$)/.test(name)) element.setAttribute(name, value)
    else element[name] = value
  }
  element.append(...children.filter((child) => child !== null && child !== undefined))
  return element
}

/** Writes only what is new: a live region must not be read out again for the same words. */
export const write = (element, text) => {
  const said = text === '' ? '\u00a0' : text
  if (element.textContent !== said) element.textContent = said
}

export const setClass = (element, name) => {
  if (element.className !== name) element.className = name
}

const asCell = (cell) =>
  typeof cell === 'object' && cell !== null && 'text' in cell
    ? make('td', { className: cell.className ?? '', title: cell.title ?? '' }, cell.text)
    : make('td', {}, cell ?? '–')

export const number = (text, title) => ({ text, className: 'number', title })

/** Puts these rows into a table; a sentence in place of them where there are none. */
export const setRows = (body, rows, empty) => {
  const columns = body.parentElement.querySelectorAll('th').length
  body.replaceChildren(
    ...(rows.length > 0
      ? rows.map((cells) => make('tr', {}, ...cells.map(asCell)))
      : [make('tr', {}, make('td', { className: 'empty wide', colSpan: columns }, empty))]),
  )
}

/** What the server answers, or an Error with its sentence. */
export const getJson = async (path) => {
  const response = await fetch(path)
  const said = await response.json()
  if (!response.ok) throw new Error(said.error)
  return said
}
