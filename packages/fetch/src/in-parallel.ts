/**
 * Works on all items, at most `limit` at a time, and returns the results in their order. After a failure nothing new is begun and `abort`
 * is called; the first error is thrown once everything under way has ended, so that nothing of it is running any more.
 */
export async function inParallel<T, R>(
  items: readonly T[], limit: number, abort: AbortController, work: (item: T) => Promise<R>,
): Promise<R[]> {
  const results: R[] = Array.from({ length: items.length })
  const failures: unknown[] = []
  let next = 0
  const worker = async (): Promise<void> => {
    while (next < items.length && failures.length === 0) {
      const index = next
      next += 1
      try {
        results[index] = await work(items[index] as T)
      } catch (error) {
        failures.push(error)
        abort.abort()
      }
    }
  }
  await Promise.all(Array.from({ length: Math.min(limit, items.length) }, worker))
  if (failures.length > 0) throw failures[0]
  return results
}
