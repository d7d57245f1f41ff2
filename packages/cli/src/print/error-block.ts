import { appcVersion } from '../version.ts'

/** Errors of single rows, printed behind a table that shows all the others. */
export function formatErrorBlock(errors: readonly Error[], doing: string): string {
  if (errors.length === 0) return ''
  const line = '-'.repeat(40)
  const blocks = errors.map((error) => `${error.message}\n${line}\n`).join('')
  return `${errors.length} error(s) encountered when ${doing}:\n${line}\n${blocks}misc:\n  rkt's appc version: ${appcVersion}\n\n`
}
