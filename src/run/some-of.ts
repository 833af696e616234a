/** So many are named of what may be many. */
const NAMED = 3

/** The first few of these, and how many more there are: `a, b, c and 4 more`. */
export const someOf = (names: readonly string[], between = ', '): string => {
  const more = names.length > NAMED ? ` and ${names.length - NAMED} more` : ''
  return `${names.slice(0, NAMED).join(between)}${more}`
}
