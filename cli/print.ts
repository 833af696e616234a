let isAnswered = false

/** Writes lines to stdout. */
export const print = (lines: readonly string[]): void => {
  isAnswered = true
  process.stdout.write(`${lines.join('\n')}\n`)
}

/** Writes one JSON value to stdout, on one line. */
export const printJson = (value: unknown): void => print([JSON.stringify(value)])

/** A command begins that has answered nothing yet. */
export const beginAnswer = (): void => {
  isAnswered = false
}

/** What `--json` prints of a command that failed before it had an answer: whoever parses stdout is told, too. */
export const printFailure = (message: string, exitCode: number): void => {
  if (!isAnswered) printJson({ error: { message, exitCode } })
}
