/** Holds processes to a share of a core, by a control group of the kernel. */
import { mkdirSync, rmdirSync, writeFileSync } from 'node:fs'

const PERIOD_US = 100_000
const NAME = `carsync-bench-${process.pid}`

/** How the two versions of control groups are told of it. */
const GROUPS = [
  {
    folder: `/sys/fs/cgroup/cpu/${NAME}`,
    settings: (us: number) => ({ 'cpu.cfs_period_us': `${PERIOD_US}`, 'cpu.cfs_quota_us': `${us}` }),
  },
  { folder: `/sys/fs/cgroup/${NAME}`, settings: (us: number) => ({ 'cpu.max': `${us} ${PERIOD_US}` }) },
]

/**
 * From now on this process and the children that it will have share `cores` of a core. Answers how to take the group away
 * when they have ended, or null where the kernel does not let us.
 */
export const holdTo = (pid: number, cores: number): (() => void) | null => {
  for (const { folder, settings } of GROUPS)
    try {
      mkdirSync(folder)
      try {
        for (const [name, value] of Object.entries(settings(Math.round(cores * PERIOD_US))))
          writeFileSync(`${folder}/${name}`, value)
        writeFileSync(`${folder}/cgroup.procs`, String(pid))
      } catch (error) {
        rmdirSync(folder)
        throw error
      }
      return () => rmdirSync(folder)
    } catch {
      // The other kind, or none.
    }
  return null
}
