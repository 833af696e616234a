import { type Flags, isAbsent, raise } from './field.ts'

/** Tested before upper-casing, because some letters outside ASCII have an upper case inside it. */
const VIN = /^[A-HJ-NPR-Za-hj-npr-z0-9]{17}$/

/** What each character counts for, and the weight of its position: ISO 3779 as the United States apply it (49 CFR 565). */
const VALUES: Readonly<Record<string, number>> = Object.fromEntries(
  [...'0123456789']
    .map((digit) => [digit, Number(digit)] as [string, number])
    .concat(
      [...'ABCDEFGH'].map((letter, index) => [letter, index + 1]),
      [...'JKLMN'].map((letter, index) => [letter, index + 1]),
      [
        ['P', 7],
        ['R', 9],
      ],
      [...'STUVWXYZ'].map((letter, index) => [letter, index + 2]),
    ),
)
const WEIGHTS = [8, 7, 6, 5, 4, 3, 2, 10, 0, 9, 8, 7, 6, 5, 4, 3, 2]

const checkDigit = (vin: string): string => {
  let sum = 0
  for (let at = 0; at < 17; at++) sum += VALUES[vin[at]!]! * WEIGHTS[at]!
  return sum % 11 === 10 ? 'X' : String(sum % 11)
}

/**
 * A vehicle identification number, trimmed and upper-cased. Another format is NULL under `vin_malformed`. A wrong check
 * digit keeps the VIN under `vin_check_digit`: Korean and many European makers use position 9 otherwise.
 */
export const vin = (value: unknown, flags: Flags): string | null => {
  if (isAbsent(value)) return null
  const trimmed = typeof value === 'string' ? value.trim() : ''
  if (!VIN.test(trimmed)) return raise(flags, 'vin_malformed')
  const upper = trimmed.toUpperCase()
  if (checkDigit(upper) !== upper[8]) raise(flags, 'vin_check_digit')
  return upper
}
