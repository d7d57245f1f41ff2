import type { SweepItem } from '@rocket/store'
import type { OutputFormat } from '../grammar/flags/output.ts'
import { formatJson } from '../print/json.ts'
import { formatTable } from '../print/table.ts'

/** Something and why it stays or goes. */
export interface Verdict {
  kind: SweepItem['kind'] | 'pod'
  name: string
  verdict: 'kept' | 'removed'
  /** From what is kept for its own sake down to it; of what goes, why nothing holds it. */
  because: string[]
}

export function verdictOn({ kind, name, keptBy }: SweepItem): Verdict {
  return { kind, name, verdict: keptBy === undefined ? 'removed' : 'kept', because: keptBy === undefined ? [nobody[kind]] : [...keptBy] }
}

const nobody: Record<SweepItem['kind'], string> = {
  reference: 'the image it stands for has no name',
  image: 'no name and no pod leads to it',
  evidence: 'there is no such image',
  tree: 'no name and no pod leads to it',
  blob: 'no name and no pod leads to it',
  ingest: 'the process that made it is gone',
}

export function formatVerdicts(verdicts: readonly Verdict[], format: OutputFormat): string {
  if (format !== '') return formatJson(verdicts, format)
  const rows = verdicts.map(({ kind, name, verdict, because }) => [kind, name, verdict, because.join(' → ')])
  return formatTable([['KIND', 'NAME', 'VERDICT', 'BECAUSE'], ...rows])
}
