import type { Summary } from '../src/node.ts'

/** 0 complete, 1 failed, 3 incomplete or busy, 4 complete with removals held back; 2 (configuration) is an error's. */
export const exitCodeOf = ({ status, heldRemovals }: Pick<Summary, 'status' | 'heldRemovals'>): 0 | 1 | 3 | 4 => {
  switch (status) {
    case 'complete':
      return heldRemovals > 0 ? 4 : 0
    case 'failed':
      return 1
    case 'incomplete':
    case 'busy':
      return 3
  }
}
