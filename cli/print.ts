/** Writes lines to stdout. */
export const print = (lines: readonly string[]): void => {
  process.stdout.write(`${lines.join('\n')}\n`)
}

/** Writes one JSON value to stdout, on one line. */
export const printJson = (value: unknown): void => print([JSON.stringify(value)])
