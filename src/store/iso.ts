/** SQL for an instant as ISO 8601 in UTC, with milliseconds. `column` is an expression of ours. */
export const ISO = (column: string): string =>
  `to_char((${column}) at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`
