import { type Command, InvalidArgumentError } from 'commander'

/**
 * Has each option that takes a value refuse one that begins with `--`. Commander would take the next option for the value
 * that was forgotten: `--priority --dry-run` would be a sync that writes.
 */
export const demandValues = (command: Command): void => {
  for (const option of command.options) {
    if (!option.required) continue
    const parse: ((text: string, previous: unknown) => unknown) | undefined = option.parseArg
    option.argParser((text: string, previous: unknown) => {
      if (text.startsWith('--'))
        throw new InvalidArgumentError(`Wanted a value, got the name of an option: ${option.description}.`)
      return parse ? parse(text, previous) : text
    })
  }
  for (const each of command.commands) demandValues(each)
}
