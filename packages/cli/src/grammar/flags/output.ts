import type { FlagKind, Flags } from '../flag.ts'
import { bool, oneOf, text } from '../kinds.ts'

export type OutputFormat = '' | 'json' | 'json-pretty'

const formats: FlagKind<OutputFormat> = oneOf<OutputFormat>('', ['', 'json', 'json-pretty'], (given) => `Invalid format option: ${given}`)

export const outputFlags: Flags<{ format: OutputFormat; full: boolean; noLegend: boolean; prettyPrint: boolean; uuidFile: string }> = {
  format: { name: 'format', kind: formats, help: "'json' or 'json-pretty' for programs; errors are then documents, too" },
  full: { name: 'full', kind: bool(), help: 'print everything in full: IDs, sizes, times' },
  noLegend: { name: 'no-legend', kind: bool(), help: 'leave out the header line' },
  prettyPrint: { name: 'pretty-print', kind: bool(true), help: 'indent the document' },
  uuidFile: { name: 'uuid-file', kind: text(), help: 'read the UUID from a file instead of the command line' },
}

