import type { Invocation } from '../grammar/command.ts'
import { outputFlags } from '../grammar/flags/output.ts'
import { formatJson } from '../print/json.ts'
import { writeOut } from '../print/write.ts'
import { appcVersion, rocketVersion } from '../version.ts'

/** rkt's five lines: where it names its language, ours is named. Features are what rkt was built with, `+` or `-`. */
export function run({ flags }: Invocation): number {
  const format = flags.get(outputFlags.format)
  const platform = `${process.platform}/${process.arch}`
  const features = '-TPM -SDJOURNAL'
  if (format !== '') {
    const answer = { version: rocketVersion, appcVersion, nodeVersion: process.versions.node, platform, features: features.split(' ') }
    writeOut(formatJson(answer, format))
    return 0
  }
  const lines = [
    `rkt Version: ${rocketVersion}`,
    `appc Version: ${appcVersion}`,
    `Node Version: ${process.versions.node}`,
    `Node OS/Arch: ${platform}`,
    `Features: ${features}`,
  ]
  writeOut(`${lines.join('\n')}\n`)
  return 0
}
