/** Commands that one process runs in turn (`in-turn.ts`), for starting a process for each takes longer. */

/** The variables stay for the turns that follow. */
export type Turn = { args: string[]; env?: Record<string, string> }

/** What that process says after each. */
const ENDED = /^ended with (\d+)$/gm

/** The exit code of each, and what was said on stderr until it ended. */
export const endedIn = (stderr: string): { codes: number[]; said: string[] } => ({
  codes: [...stderr.matchAll(ENDED)].map(([, code]) => Number(code)),
  said: stderr.split(/^ended with \d+\n/m).slice(0, -1),
})
