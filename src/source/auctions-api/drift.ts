/**
 * Contract drift: what in a record is not as it was known. It changes nothing about how the record is read; it is told,
 * so that a person hears of a new field before it is missed.
 */
import type { Members } from '../../car/field.ts'
import { isVolatile } from '../../car/volatile.ts'
import { note } from '../drift-counts.ts'
import { CAR_KEYS, DETAIL_KEYS, type KnownKey, type KnownKeys, LOT_KEYS, TYPES } from './known-shape.ts'

type TypeName = keyof typeof TYPES

const SHOWN_LENGTH = 40

const typeNameOf = (value: unknown): TypeName => (Array.isArray(value) ? 'list' : (typeof value as TypeName))

/** The bit of a value's type; 0 for null and what is missing. */
const typeOf = (value: unknown): number => (value === null || value === undefined ? 0 : TYPES[typeNameOf(value)])

/** What a source made up, short, on one line and unable to steer a terminal or to be mistaken for the rest. */
const quoted = (text: string): string => {
  // Cut by characters, so that no pair of surrogates is torn apart.
  const short = [...text.slice(0, SHOWN_LENGTH * 2)].slice(0, SHOWN_LENGTH).join('')
  const clean = short.replace(/[\p{C}\p{Zl}\p{Zp}]/gu, '\ufffd').replace(/\s/g, ' ')
  return `"${clean.replaceAll('"', "'")}${short.length < text.length ? '…' : ''}"`
}

const shownKey = (key: string): string => (/^[A-Za-z_]\w{0,39}$/.test(key) ? key : quoted(key))

const changedType = (path: string, value: unknown, known: number): string => {
  const was = (Object.keys(TYPES) as TypeName[]).filter((name) => (TYPES[name] & known) !== 0)
  return `${path}: ${typeNameOf(value)}, was ${was.join(' or ')}`
}

/** An object that PHP had nothing to put in is written as an empty list. */
const isEmptyList = (value: unknown): boolean => Array.isArray(value) && value.length === 0

/** Looks at the value of a key that is known. False: there is no room for more findings. */
const lookAtValue = (value: unknown, known: KnownKey, findings: string[]): boolean => {
  const type = typeOf(value)
  if ((type & known.types) === 0) {
    const isFine = type === 0 || ((known.types & TYPES.object) !== 0 && isEmptyList(value))
    return isFine || note(findings, changedType(known.path, value, known.types))
  }
  if (type !== TYPES.object) return true
  if (known.ids !== null) {
    const { id } = value as Members
    if (id !== undefined && id !== null && !known.ids.has(id as number)) {
      const path = `${known.path}.id`
      const finding = typeof id === 'number' ? `${path} ${id}: unknown` : changedType(path, id, TYPES.number)
      if (!note(findings, finding)) return false
    }
  }
  for (const inner of known.inner) {
    const within = (value as Members)[inner.key]
    if (within !== undefined && !lookAtValue(within, inner, findings)) return false
  }
  return true
}

/** Looks at all members of an object, which stands at `path`. False: there is no room for more findings. */
const lookAtKeys = (object: Members, known: KnownKeys, path: string, findings: string[]): boolean => {
  for (const key in object) {
    const each = known.get(key)
    if (each !== undefined) {
      if (!lookAtValue(object[key], each, findings)) return false
    } else if (!isVolatile(key) && !note(findings, `${path}${shownKey(key)}: new key`)) return false
  }
  return true
}

/** Nothing found, for all records of which that is true. */
const NOTHING: readonly string[] = Object.freeze([])

/**
 * What in a parsed record is not as known, each thing once: `lots[].foo: new key`, `year: object, was number`,
 * `lots[].status.id 12: unknown`. Looks at the car, its lots and their details, and at what else columns are made of. At
 * most `MAX_FINDINGS`, and `OTHERS` where there is more. Never throws.
 */
export const driftOf = (record: Members): readonly string[] => {
  const findings: string[] = []
  if (!lookAtKeys(record, CAR_KEYS, '', findings) || !Array.isArray(record.lots)) return findings
  for (const lot of record.lots as unknown[]) {
    const type = typeOf(lot)
    if (type === TYPES.object) {
      if (!lookAtKeys(lot as Members, LOT_KEYS, 'lots[].', findings)) break
      const { details } = lot as Members
      if (typeOf(details) === TYPES.object && !lookAtKeys(details as Members, DETAIL_KEYS, 'lots[].details.', findings))
        break
    } else if (type !== 0 && !note(findings, changedType('lots[]', lot, TYPES.object))) break
  }
  return findings.length === 0 ? NOTHING : findings
}
