/** How a pass over the source begins. Pure. */
import { complement, type Interval } from './coverage.ts'
import type { Plan } from './plan.ts'
import type { Pass } from './receipt.ts'
import { rowsOf } from './rows.ts'
import { type Run, startRun } from './run.ts'

/** What a later pass has to cover: where the whole listing was read in the end, the other segments repeat it. */
const planFor = (pass: Pass, plan: Plan): Plan =>
  pass.kind === 'whole' || plan.disjoint ? plan : { ...plan, segments: plan.segments.slice(-1) }

/**
 * The run of this pass at its beginning. For `seams` all other rows count as covered, and the end as known. `ends` has,
 * by segment, the row at which the last pass found the end.
 */
export const startPass = (
  pass: Pass,
  plan: Plan,
  pageSize: { wished: number; learned: number | null },
  ends: ReadonlyMap<string, number>,
): Run => {
  const wanted = planFor(pass, plan)
  const known = pass.pageSize ?? pageSize.learned
  switch (pass.kind) {
    case 'whole':
      return startRun(wanted, pageSize.wished, known)
    case 'reverse':
      return startRun(atTheirEnds(wanted, ends), pageSize.wished, known, 'down')
    case 'seams': {
      const run = startRun(wanted, pageSize.wished, known)
      return {
        ...run,
        segments: run.segments.map((state) => {
          const { name, total } = state.segment
          const rows = pass.pages
            .filter(({ segment }) => segment === name)
            .map(({ page }): Interval => rowsOf({ page, pageSize: pass.pageSize }))
          const end = Math.max(total ?? 0, ends.get(name) ?? 0, ...rows.map(([, to]) => to))
          return { ...state, covered: complement(rows, end), farthest: { to: end, last: true, sure: true } }
        }),
      }
    }
  }
}

/** A listing that has grown is begun at its end as it was found, not as it was planned. */
const atTheirEnds = (plan: Plan, ends: ReadonlyMap<string, number>): Plan => ({
  ...plan,
  segments: plan.segments.map((segment) => {
    const total = Math.max(segment.total ?? 0, ends.get(segment.name) ?? 0)
    return total === 0 ? segment : { ...segment, total }
  }),
})

/** By segment, the row at which this pass has found the end so far. */
export const endsOf = (run: Run): Map<string, number> =>
  new Map(run.segments.map(({ segment, farthest }) => [segment.name, farthest.to]))
