import { classifyReference, loadKeys } from '@rocket/fetch'
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
export async function run({ flags, positionals }: Invocation): Promise<number> {
  const isWaived = insecurities(flags.get(globalFlags.insecureOptions)).fetch.image
  const directories = configDirectories(readSettings(flags))
  const plan = openTrust(directories).plan(await policyName(positionals[0] ?? '', directories), { isWaived })
  const format = flags.get(outputFlags.format)
  if (format !== '') writeOut(formatJson(plan, format))
  else {
    const header = flags.get(outputFlags.noLegend) ? [] : [['QUESTION', 'ANSWER']]
    writeOut(formatTable([...header, ...plan.steps.map(({ question, answer }) => [question, answer])]))
  }
  return plan.verdict === 'reject' ? 254 : 0
}

/**
 * The name that rules are for: without version and labels, without the tag, with the port of a registry. What is written for a registry means
 * what it means to `rkt fetch`, aliases and default registries included.
 */
async function policyName(text: string, directories: string[]): Promise<string> {
  const reference = text.startsWith('docker:') ? classifyReference(text) : undefined
  if (reference?.kind !== 'docker') return text.replace(/,.*$/s, '').replace(/:[^/]*$/, '')
  const network = (await loadKeys()).openNetwork({ insecure: { http: false, tls: false }, warn: () => {}, directories })
  try {
    const { registry, repository } = network.resolve(reference.docker).reference
    return `${registry}/${repository}`
  } finally {
    await network.close()
  }
}
