/**
 * Keeps the compiled code of what this process has executed, for those that come after. The launching file of the build defines how, once per
 * command and build; from source there is nothing to keep.
 */
export function keepCode(): void {
  const { rocketKeepCode } = globalThis as { rocketKeepCode?: () => void }
  rocketKeepCode?.()
}
