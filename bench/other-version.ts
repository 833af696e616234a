/** Another version of this repository, checked out beside it, ready to run. */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ROOT } from './measure.ts'

/** `root` ends with a slash; `name` is the short hash with the subject of its commit. */
export type OtherVersion = { root: string; name: string; close(): void }

const git = (...args: string[]): string =>
  execFileSync('git', args, { cwd: ROOT, encoding: 'utf8', stdio: 'pipe' }).trim()

/** Throws where git does not know the commit, or its packages cannot be installed. */
export const checkOut = (commit: string): OtherVersion => {
  let name: string
  try {
    name = git('log', '-1', '--format=%h %s', commit, '--')
  } catch (error) {
    throw new Error(`Wanted a commit, a tag or a branch to compare with; git does not know "${commit}".`, {
      cause: error,
    })
  }
  const folder = mkdtempSync(join(tmpdir(), 'carsync-version-'))
  const root = join(folder, 'tree')
  const close = (): void => {
    rmSync(folder, { recursive: true, force: true })
    git('worktree', 'prune')
  }
  try {
    git('worktree', 'add', '--detach', root, commit)
    const lockOf = (at: string): string => readFileSync(join(at, 'package-lock.json'), 'utf8')
    if (lockOf(root) === lockOf(ROOT)) symlinkSync(join(ROOT, 'node_modules'), join(root, 'node_modules'))
    else execFileSync('npm', ['ci', '--no-progress'], { cwd: root, stdio: ['ignore', 'ignore', 'inherit'] })
  } catch (error) {
    close()
    throw error
  }
  return { root: `${root}/`, name, close }
}
