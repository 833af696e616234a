/** How fast the pace finds a limit, and how much is refused on the way: simulated on a virtual clock, the same on every machine. */
import { arithmeticTable } from './pace/arithmetic.ts'
import { limitTables } from './pace/limit-tables.ts'
import { noLimitTable } from './pace/no-limit.ts'
import { secondRunTable } from './pace/second-run-table.ts'
import { writeFigures } from './pace/write-figures.ts'
import type { Table } from './table.ts'

const SEEDS = 6

export const pace = async (): Promise<Table[]> => {
  await writeFigures()
  return [...limitTables(SEEDS), noLimitTable(SEEDS), secondRunTable(SEEDS), arithmeticTable(SEEDS)]
}
