import { clip, padEnd, padStart, widthOf } from './text.ts'

export type Column = { title: string; align?: 'right'; max?: number }

/** Rows under their titles, aligned. The last column is not padded, so that nothing trails. */
export const table = (columns: readonly Column[], rows: readonly (readonly string[])[]): string[] => {
  const cut = rows.map((row) => row.map((cell, at) => clip(cell, columns[at]?.max ?? Number.POSITIVE_INFINITY)))
  const widths = columns.map((column, at) =>
    Math.max(widthOf(column.title), ...cut.map((row) => widthOf(row[at] ?? ''))),
  )
  const line = (cells: readonly string[]): string =>
    cells
      .map((cell, at) => (columns[at]?.align === 'right' ? padStart : padEnd)(cell, widths[at] ?? 0))
      .join('  ')
      .trimEnd()
  return [line(columns.map((column) => column.title)), ...cut.map(line)]
}
