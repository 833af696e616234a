// ISO 3779: A1…H8 J1…N5 P7 R9 S2…Z9.
const values: Record<string, number> = Object.fromEntries([
  ...[...'0123456789'].map((c) => [c, Number(c)] as const),
  ...[...'ABCDEFGH'].map((c, n) => [c, n + 1] as const),
  ...[...'JKLMN'].map((c, n) => [c, n + 1] as const),
  ['P', 7] as const,
  ['R', 9] as const,
  ...[...'STUVWXYZ'].map((c, n) => [c, n + 2] as const),
])
const weights = [8, 7, 6, 5, 4, 3, 2, 10, 0, 9, 8, 7, 6, 5, 4, 3, 2]
const yearLetters = 'ABCDEFGHJKLMNPRSTVWXY123456789'
const plants = 'ABCDEFGHJKLM'

/** The weighted sum over the leading characters of a VIN, as the check digit needs it. */
export function vinSum(text: string): number {
  let sum = 0
  for (let n = 0; n < text.length; n++) sum += (weights[n] as number) * (values[text[n] as string] ?? 0)
  return sum
}

/** The character of position 9 that makes the 17 characters valid. */
export function checkDigit(vin: string): string {
  const rest = vinSum(vin) % 11
  return rest === 10 ? 'X' : String(rest)
}

// The same sums for year letters and plants, as bytes and numbers: this runs once for every car served.
const yearBytes = [...yearLetters].map((c) => c.charCodeAt(0))
const yearSums = [...yearLetters].map((c) => 9 * (values[c] as number))
const plantBytes = [...plants].map((c) => c.charCodeAt(0))
const plantSums = [...plants].map((c) => 8 * (values[c] as number))

/**
 * Writes characters 9 to 17 of the VIN of a car: check digit, model year, plant, serial number. The serial is the index and the plant its
 * millions, so that no two cars of a prefix share a VIN. `prefixSum` is null where position 9 is not a check digit (Korea).
 */
export function writeVinTail(into: Buffer, at: number, prefixSum: number | null, year: number, index: number): void {
  const letter = year % 30
  const plant = ((index / 1_000_000) | 0) % plants.length
  let rest = index % 1_000_000
  let sum = (prefixSum ?? 0) + (yearSums[letter] as number) + (plantSums[plant] as number)
  for (let n = 8; n > 2; n--) {
    const digit = rest % 10
    rest = (rest / 10) | 0
    into[at + n] = 48 + digit
    sum += digit * (10 - n)
  }
  const check = sum % 11
  into[at] = prefixSum === null ? 66 : check === 10 ? 88 : 48 + check
  into[at + 1] = yearBytes[letter] as number
  into[at + 2] = plantBytes[plant] as number
}
