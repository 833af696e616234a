/** Tables of headers and the limits that are read from them. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { type AnnouncedLimit, readLimits } from '../../src/pace/header/limit-headers.ts'

export const NOW = Date.UTC(2026, 9, 1, 12, 0, 0)
export const IN_30_S = String(NOW / 1000 + 30)
export const MINUTE = 60_000
export const DAY = 86_400_000

export const read = (headers: Record<string, string>): AnnouncedLimit[] => readLimits(new Headers(headers), NOW)
export const limit = (
  name: string,
  quota: number | null,
  windowMs: number | null,
  remaining: number | null = null,
  resetMs: number | null = null,
): AnnouncedLimit => ({ name, quota, windowMs, remaining, resetMs })

type Example = [what: string, headers: Record<string, string>, limits: AnnouncedLimit[]]
export const table = (title: string, examples: Example[]): void => {
  describe(title, () => {
    for (const [what, headers, limits] of examples) it(what, () => assert.deepEqual(read(headers), limits))
  })
}
