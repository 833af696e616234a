import { existsSync } from 'node:fs'
import { delimiter, join } from 'node:path'

/** Where Debian puts servers; not in everybody's PATH. */
const SERVER_FOLDERS = ['/usr/sbin', '/usr/local/sbin']

/** The whole path of a command; null if it is not installed. */
export const findCommand = (name: string): string | null =>
  [...(process.env.PATH ?? '').split(delimiter), ...SERVER_FOLDERS]
    .map((folder) => join(folder, name))
    .find((path) => existsSync(path)) ?? null

/** null if the command is there; else how to get it. */
export const missingCommand = (name: string, debianPackage: string): string | null =>
  findCommand(name) === null ? `${name} is not installed: apt-get install ${debianPackage}` : null
