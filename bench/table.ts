/** A small table, printed and kept as Markdown. */
export type Table = {
  /** Where a benchmark prints several. */
  title?: string
  head: readonly string[]
  rows: readonly (readonly (string | number)[])[]
  notes: readonly string[]
}

export const asMarkdown = (table: Table): string => {
  const line = (cells: readonly (string | number)[]): string => `| ${cells.join(' | ')} |`
  const rule = line(table.head.map((_, i) => (i === 0 ? '---' : '---:')))
  const title = table.title === undefined ? [] : [`### ${table.title}`, '']
  return [...title, line(table.head), rule, ...table.rows.map(line), '', ...table.notes].join('\n')
}

export const thousands = (value: number): string => Math.round(value).toLocaleString('en-US')

export const ratio = (value: number): string => value.toFixed(2)
