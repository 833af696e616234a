/**
 * Does `work` for each item, at most `atOnce` at the same time, and answers the results in the order of the items. After one
 * has failed no more are begun, and its error is thrown when those under way have ended.
 */
export const sideBySide = async <T, R>(
  items: readonly T[],
  atOnce: number,
  work: (item: T) => Promise<R>,
): Promise<R[]> => {
  const results: R[] = []
  let failure: { error: unknown } | null = null
  let next = 0
  const worker = async (): Promise<void> => {
    while (next < items.length && failure === null) {
      const mine = next++
      try {
        results[mine] = await work(items[mine]!)
      } catch (error) {
        failure ??= { error }
      }
    }
  }
  await Promise.all(Array.from({ length: Math.min(atOnce, items.length) }, worker))
  if (failure !== null) throw (failure as { error: unknown }).error
  return results
}
