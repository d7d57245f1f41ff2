import { classifyReference } from '@rocket/fetch'
import { openTrust } from '@rocket/trust'
import { readSettings } from '../config/settings.ts'
import type { Invocation } from '../grammar/command.ts'
import { globalFlags } from '../grammar/flags/global.ts'
import { outputFlags } from '../grammar/flags/output.ts'
import { insecurities } from '../grammar/values/insecure-options.ts'
import { configDirectories } from '../images/config-directories.ts'
import { formatJson } from '../print/json.ts'
import { formatTable } from '../print/table.ts'
import { writeOut } from '../print/write.ts'

/** `rkt image policy check`: the plan of a verification, as it stands now. */
export function run({ flags, positionals }: Invocation): number {
  const isWaived = insecurities(flags.get(globalFlags.insecureOptions)).fetch.image
  const plan = openTrust(configDirectories(readSettings(flags))).plan(policyName(positionals[0] ?? ''), { isWaived })
  const format = flags.get(outputFlags.format)
  if (format !== '') writeOut(formatJson(plan, format))
  else {
    const header = flags.get(outputFlags.noLegend) ? [] : [['QUESTION', 'ANSWER']]
    writeOut(formatTable([...header, ...plan.steps.map(({ question, answer }) => [question, answer])]))
  }
  return plan.verdict === 'reject' ? 254 : 0
}

/** The name that rules are for: without version and labels, without the tag, with the port of a registry. */
function policyName(text: string): string {
  if (!text.startsWith('docker:')) return text.replace(/,.*$/s, '').replace(/:[^/]*$/, '')
  const reference = classifyReference(text)
  return reference.kind === 'docker' ? `${reference.docker.registry}/${reference.docker.repository}` : text
}
