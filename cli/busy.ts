import { moment } from './figure.ts'
import { print, printJson } from './print.ts'
import { printable } from './text.ts'

/** Says that a sync holds the lease, so that nothing was done; answers the exit code for that. */
export const tellBusy = ({ holder, since }: { holder: string; since: number }, json: boolean): number => {
  const at = new Date(since).toISOString()
  if (json) printJson({ status: 'busy', lease: { holder, since: at } })
  else
    print([`A sync is at it: ${printable(holder)}, since ${moment(at)}. Nothing was done; try again when it is over.`])
  return 3
}
