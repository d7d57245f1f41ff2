import type { OutputFormat } from '../grammar/flags/output.ts'

/** A document in the form that was asked for; pretty ones are indented with tabs, as rkt's. Ends in a line feed. */
export function formatJson(value: unknown, format: OutputFormat | 'json'): string {
  return `${format === 'json-pretty' ? JSON.stringify(value, undefined, '\t') : JSON.stringify(value)}\n`
}
