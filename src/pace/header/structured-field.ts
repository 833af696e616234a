/** Structured Fields (RFC 9651), as far as limits need them: lists and dictionaries of items with parameters. */

/** Booleans, byte sequences and dates are read over: no limit is said with them. */
export type BareItem = string | number | null

export type Member = {
  /** Of a dictionary, in lower case; null in a list. */
  key: string | null
  value: BareItem
  /** By name in lower case. */
  parameters: ReadonlyMap<string, BareItem>
}

/** Longer than any honest field by far: what a source can make us read is bounded. */
const LONGEST = 2048
const MOST_MEMBERS = 32

/** Printable ASCII only, as the standard says: names are shown on terminals. */
const STRING = /"((?:[ !#-[\]-~]|\\["\\])*)"/y
/** Never the beginning of a longer word: a number that was cut would be a wrong one. */
const NUMBER = /-?\d{1,15}(?:\.\d{1,3})?(?![\w.])/y
const TOKEN = /[A-Za-z*][\w!#$%&'*+.^`|~:/-]*/y
const OTHER = /:[A-Za-z0-9+/=]*:|\?[01]|@-?\d{1,15}/y
const NAME = /[A-Za-z*][\w.*-]*/y
const SPACE = /[ \t]*/y
const SEMICOLON = /[ \t]*;[ \t]*/y
const EQUALS = /=/y
const COMMA = /,/y

/**
 * The members of a list or dictionary; null where the text is neither, or over 2048 characters or 32 members. Laxer than
 * the standard in what implementations do: blanks before a semicolon, capitals in names. A malformed field is refused as
 * a whole, as the standard wants it.
 */
export const parseMembers = (text: string): Member[] | null => {
  if (text.length > LONGEST) return null
  let at = 0
  const take = (pattern: RegExp): RegExpExecArray | null => {
    pattern.lastIndex = at
    const match = pattern.exec(text)
    if (match) at = pattern.lastIndex
    return match
  }
  const takeItem = (): BareItem | undefined => {
    const quoted = take(STRING)
    if (quoted) return quoted[1]!.replace(/\\(.)/g, '$1')
    const number = take(NUMBER)
    if (number) return Number(number[0])
    return take(OTHER) ? null : take(TOKEN)?.[0]
  }
  const members: Member[] = []
  do {
    take(SPACE)
    const isWord = /[A-Za-z*]/.test(text[at] ?? '')
    let value = takeItem()
    let key: string | null = null
    if (isWord && typeof value === 'string' && take(EQUALS)) {
      key = value.toLowerCase()
      value = takeItem()
    }
    if (value === undefined) return null
    const parameters = new Map<string, BareItem>()
    while (take(SEMICOLON)) {
      const name = take(NAME)?.[0].toLowerCase()
      const item = take(EQUALS) ? takeItem() : null
      if (name === undefined || item === undefined) return null
      parameters.set(name, item)
    }
    members.push({ key, value, parameters })
    take(SPACE)
  } while (take(COMMA) && members.length < MOST_MEMBERS)
  return at === text.length ? members : null
}
