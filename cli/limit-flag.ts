import { InvalidArgumentError } from 'commander'

/** Reads `--limit`. Throws commander's InvalidArgumentError. */
export const parseLimitFlag = (text: string): number => {
  if (!/^[1-9]\d{0,5}$/.test(text)) throw new InvalidArgumentError('Wanted a whole number from 1 to 999999, e.g. 50.')
  return Number(text)
}
