/** How the findings of a commit are added to those of its run: one expression, in the update that a commit makes anyway. */
import { MAX_FINDINGS, OTHERS } from '../source/drift-counts.ts'

/**
 * What `carsync.runs.drift` becomes: the sums of what it holds and of the findings in `parameter` ({finding: count}). No
 * more than `MAX_FINDINGS` are told apart; those that were there first stay, and what goes beyond is added to `OTHERS`.
 */
export const mergedDrift = (parameter: string): string => `
  case when ${parameter}::text::jsonb = '{}' then drift else (
    select jsonb_object_agg(told, times) from (
      select case when place <= ${MAX_FINDINGS} then finding else '${OTHERS}' end as told, sum(times) as times
      from (select finding, sum(times) as times,
                   row_number() over (order by finding = '${OTHERS}', bool_or(old) desc, sum(times) desc, finding) as place
            from (select key as finding, value::bigint as times, true as old from jsonb_each_text(drift)
                  union all
                  select key, value::bigint, false from jsonb_each_text(${parameter}::text::jsonb)) as each
            group by finding) as placed
      group by 1) as merged) end`
