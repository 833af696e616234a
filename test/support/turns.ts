/** Commands that one process runs in turn (`in-turn.ts`), for starting a process for each takes longer. */

/** The script that runs them. */
export const IN_TURN = 'test/support/in-turn.ts'

/** The variables stay for the turns that follow. */
export type Turn = { args: string[]; env?: Record<string, string> }

/** The variable that tells that script its turns. */
export const inTurns = (turns: readonly Turn[]): { TURNS: string } => ({ TURNS: JSON.stringify(turns) })

/** What that process says after each on stderr; on stdout it is `ended`. */
const ENDED = /^ended with (\d+)$/gm

/** The exit code of each, and what was said on stderr and shown on stdout until it ended. */
export const endedIn = (stderr: string, stdout = ''): { codes: number[]; said: string[]; shown: string[] } => ({
  codes: [...stderr.matchAll(ENDED)].map(([, code]) => Number(code)),
  said: stderr.split(/^ended with \d+\n/m).slice(0, -1),
  shown: stdout.split(/^ended\n/m).slice(0, -1),
})
