import { native } from '@rocket/host'
import { exitThrough } from './exit.ts'

/** From here on the process ends through the native part. For commands that have loaded `host` anyway. */
export function useQuickExit(): void {
  exitThrough(quickExit)
}

function quickExit(code: number): never {
  try {
    return native().exit(code)
  } catch {
    // Without the native part there is still the slow way.
    return process.exit(code)
  }
}
