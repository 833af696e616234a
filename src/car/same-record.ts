import { isVolatile } from './volatile.ts'

type JsonObject = Readonly<Record<string, unknown>>

/** How many members of an object count. */
const lasting = (object: JsonObject): number => {
  let count = 0
  for (const key of Object.keys(object)) if (!isVolatile(key)) count++
  return count
}

/** Beyond 2^53 different numbers parse to the same double, so equality proves nothing. */
const sameScalar = (a: unknown, b: unknown): boolean =>
  a === b && (typeof a !== 'number' || Math.abs(a) <= Number.MAX_SAFE_INTEGER)

/**
 * Whether two records, parsed from JSON, say the same once volatile members are left out at every level. The order of
 * keys does not count, that of lists does. Two numbers beyond 2^53 never count as the same, not even as themselves:
 * taking an unchanged record for a changed one costs a write, the reverse would lose a change.
 *
 * Walks with a list of its own, so that nesting of any depth cannot overflow the stack. Members are only read where they
 * are the object's own: `__proto__` is data like any other.
 */
export const sameRecord = (a: unknown, b: unknown): boolean => {
  const pairs: unknown[] = [a, b]
  while (pairs.length > 0) {
    const right = pairs.pop()
    const left = pairs.pop()
    if (typeof left !== 'object' || typeof right !== 'object' || left === null || right === null) {
      if (!sameScalar(left, right)) return false
    } else if (Array.isArray(left) || Array.isArray(right)) {
      if (!Array.isArray(left) || !Array.isArray(right) || left.length !== right.length) return false
      for (let at = 0; at < left.length; at++) pairs.push(left[at], right[at])
    } else {
      const [one, other] = [left as JsonObject, right as JsonObject]
      if (lasting(one) !== lasting(other)) return false
      for (const key of Object.keys(one)) {
        if (isVolatile(key)) continue
        if (!Object.hasOwn(other, key)) return false
        pairs.push(one[key], other[key])
      }
    }
  }
  return true
}
