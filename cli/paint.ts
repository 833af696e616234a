import { styleText } from 'node:util'

export type Tone = 'bold' | 'dim' | 'green' | 'yellow' | 'red' | 'cyan'

/** Gives a text its tone, or leaves it as it is where colours are not wanted. */
export type Paint = (tone: Tone, text: string) => string

export const plain: Paint = (_tone, text) => text

type Environment = Readonly<Record<string, string | undefined>>

/** A terminal that somebody looks at: not a pipe, not CI, not a terminal without cursor movement. */
export const isLive = (stream: { isTTY?: boolean }, env: Environment): boolean =>
  stream.isTTY === true && !env.CI && env.TERM !== 'dumb'

/** Colours for this stream; none for a pipe, CI, a dumb terminal or NO_COLOR. */
export const paintFor = (stream: { isTTY?: boolean }, env: Environment): Paint =>
  isLive(stream, env) && !env.NO_COLOR ? (tone, text) => styleText(tone, text, { validateStream: false }) : plain
