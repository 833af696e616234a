/** How wide texts are on a terminal, and how they are cut to fit. */
const WIDE =
  /[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]|\p{Emoji_Presentation}/u
const NONE = /^[\p{Mn}\p{Me}\p{Cf}]$/u

const cellsOf = (character: string): number => (NONE.test(character) ? 0 : WIDE.test(character) ? 2 : 1)

/** Columns that a text without colours takes. */
export const widthOf = (text: string): number => {
  let width = 0
  for (const character of text) width += cellsOf(character)
  return width
}

/** Control characters, and those that turn the direction of all that follows on the line. */
const STEERING = /[\p{Cc}\u202a-\u202e\u2066-\u2069]/gu

/** What came from elsewhere, safe to print: on one line, and unable to steer the terminal. */
export const printable = (text: string): string => text.replace(/\s+/g, ' ').replace(STEERING, '\ufffd')

/** Cut to `width` columns, with an ellipsis where something is missing. */
export const clip = (text: string, width: number): string => {
  if (widthOf(text) <= width) return text
  let kept = ''
  let used = 0
  for (const character of text) {
    if (used + cellsOf(character) > width - 1) break
    kept += character
    used += cellsOf(character)
  }
  return width < 1 ? '' : `${kept}…`
}

export const padEnd = (text: string, width: number): string => text + ' '.repeat(Math.max(0, width - widthOf(text)))

export const padStart = (text: string, width: number): string => ' '.repeat(Math.max(0, width - widthOf(text))) + text
