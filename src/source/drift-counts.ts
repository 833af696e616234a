/**
 * What in a source's records is not as it was known: a new key, a changed type, an unknown id. Each finding is a short
 * text; a source that makes up keys cannot make the list of them long.
 */

/** So many findings are told apart; what goes beyond counts as `OTHERS`. */
export const MAX_FINDINGS = 50

/** Findings beyond those that are told apart. */
export const OTHERS = 'other findings'

/** Adds a finding of a record once. False: there is no room for more, and nothing more needs to be looked for. */
export const note = (findings: string[], finding: string): boolean => {
  if (findings.length > MAX_FINDINGS) return false
  if (findings.includes(finding)) return true
  findings.push(findings.length < MAX_FINDINGS ? finding : OTHERS)
  return findings.length <= MAX_FINDINGS
}

/** Counts a record's findings into those of many records, each finding once. */
export const countDrift = (counts: Map<string, number>, findings: readonly string[]): void => {
  let beyond = false
  for (const finding of findings) {
    const count = counts.get(finding)
    if (finding === OTHERS || (count === undefined && counts.size - (counts.has(OTHERS) ? 1 : 0) >= MAX_FINDINGS))
      beyond = true
    else counts.set(finding, (count ?? 0) + 1)
  }
  if (beyond) counts.set(OTHERS, (counts.get(OTHERS) ?? 0) + 1)
}
