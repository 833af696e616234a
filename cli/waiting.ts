import { clock } from './figure.ts'
import { isLive } from './paint.ts'
import { clip } from './text.ts'

/** The terminal that is told; `columns` wide. */
type Terminal = { isTTY?: boolean; columns?: number; write(text: string): unknown }

const EACH_MS = 1000
const ERASE_LINE = '\r\u001b[2K'

/**
 * Does the work, and from its second second on says on a line of the terminal what is waited for and how long already. The
 * line is gone at the end. In a pipe and in CI nothing is said.
 */
export const whileWaiting = async <T>(
  what: string,
  terminal: Terminal,
  env: Readonly<Record<string, string | undefined>>,
  work: () => Promise<T>,
): Promise<T> => {
  if (!isLive(terminal, env)) return work()
  let seconds = 0
  const timer = setInterval(() => {
    seconds++
    terminal.write(ERASE_LINE + clip(`${clock(seconds * EACH_MS)}  ${what}`, (terminal.columns || 80) - 1))
  }, EACH_MS)
  try {
    return await work()
  } finally {
    clearInterval(timer)
    if (seconds > 0) terminal.write(ERASE_LINE)
  }
}

/** Says a sentence on a line of its own, also while that line is shown. */
export const sayBeside = (
  sentence: string,
  terminal: Terminal,
  env: Readonly<Record<string, string | undefined>>,
): void => {
  terminal.write(`${isLive(terminal, env) ? ERASE_LINE : ''}${sentence}\n`)
}
