/** No SQL is made of data: whatever stands in the text of a statement is a quoted name, a column or a constant of ours. */
import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { describe, it } from 'node:test'

const STORE = new URL('../../src/store/', import.meta.url)

/** A statement, and not a sentence for people. */
const IS_SQL =
  /^[\s(]*(select|insert into|update|delete from|with|create|alter|grant|revoke|set|copy|truncate|coalesce|case)\b/i

/** What may stand in one: constants and what makes fragments of them, quoted names, and columns from lists of ours. */
const OURS = [
  /^[A-Z][A-Z_]*(\(.*\))?$/s,
  /^[A-Z_]+\.(map|join)\(.*\)$/s,
  /^names\.(cars|changes|progress)$/,
  /^quoteName\(.*\)$/,
  /^(columns|fields)\.(map|join)\(.*\)$/s,
  /^(mergedDrift|listed|setOf)\('?.*'?\)$/,
]
/** Names within their file, each of which is made of the above. */
const LOCAL: Readonly<Record<string, readonly string[]>> = {
  'assert-usable.ts': ['row.rights', 'role'],
  'cars-sql.ts': ['compared', 'field'],
  'lease.ts': ['lock'],
  'ledger.ts': ['mode'],
  'merge-drift.ts': ['parameter'],
  'missing.ts': ['table', 'seen'],
  'connection/postgres-connection.ts': ['target'],
  'connection/embedded.ts': ['target'],
  'prune.ts': ['deletion'],
  'public-read.ts': ['cars'],
}

type Template = { text: string; parts: string[] }

/** The template literals of a file, those within others too, with what is put into each. */
const templatesOf = (code: string): Template[] => {
  const found: Template[] = []
  const readTemplate = (from: number): number => {
    const template: Template = { text: '', parts: [] }
    let at = from
    while (code[at] !== '`') {
      if (code[at] === '\\') {
        template.text += code.slice(at, at + 2)
        at += 2
      } else if (code[at] === '$' && code[at + 1] === '{') {
        const end = readCode(at + 2)
        template.parts.push(code.slice(at + 2, end).trim())
        template.text += '?'
        at = end + 1
      } else template.text += code[at++]
    }
    found.push(template)
    return at + 1
  }
  /** To the bracket that closes what opened before `from`, or to the end of the file. */
  const readCode = (from: number): number => {
    let depth = 0
    for (let at = from; at < code.length; ) {
      const character = code[at]!
      if (character === '`') at = readTemplate(at + 1)
      else if (character === "'" || character === '"') {
        const quote = character
        for (at++; code[at] !== quote && code[at] !== '\n'; at++) if (code[at] === '\\') at++
        at++
      } else if (character === '/' && (code[at + 1] === '/' || code[at + 1] === '*')) {
        const end = code.indexOf(code[at + 1] === '/' ? '\n' : '*/', at + 2)
        at = end < 0 ? code.length : end + 1
      } else if (character === '/' && /[=(,:[!&|?{};\s]/.test(code[at - 1]!) && code[at + 1] !== ' ') {
        for (at++; code[at] !== '/' && code[at] !== '\n'; at++) if (code[at] === '\\') at++
        at++
      } else {
        if (character === '{') depth++
        else if (character === '}' && depth-- === 0) return at
        at++
      }
    }
    return code.length
  }
  readCode(0)
  return found
}

describe('SQL', () => {
  it('is made of names and constants of ours, never of data', () => {
    let statements = 0
    const wrong: string[] = []
    for (const file of readdirSync(STORE, { recursive: true, encoding: 'utf8' }).filter((path) =>
      path.endsWith('.ts'),
    )) {
      for (const { text, parts } of templatesOf(readFileSync(new URL(file, STORE), 'utf8'))) {
        if (!IS_SQL.test(text)) continue
        statements++
        for (const part of parts)
          if (!OURS.some((ours) => ours.test(part)) && !LOCAL[file]?.includes(part)) wrong.push(`${file}: ${part}`)
      }
    }
    assert.ok(statements > 60, `${statements} statements were found`)
    assert.deepEqual(wrong, [])
  })

  it('would be caught if it were', () => {
    // biome-ignore lint/suspicious/noTemplateCurlyInString: it is code as data
    const code = "const a = `select * from t where id = '${record.id}'` // `x`\nconst b = /`/.test(`select ${`${x}`}`)"
    assert.deepEqual(
      templatesOf(code).map(({ parts }) => parts),
      // biome-ignore lint/suspicious/noTemplateCurlyInString: it is code as data
      [['record.id'], ['x'], ['`${x}`']],
    )
  })
})
