import { readFileSync } from 'node:fs'
import { podLayout } from '@rocket/contracts'
import { readSettings } from '../config/settings.ts'
import type { Invocation } from '../grammar/command.ts'
import { outputFlags } from '../grammar/flags/output.ts'
import { findPod, readUuidFile } from '../pods/locate.ts'
import { within } from '../print/context.ts'
import { formatJson } from '../print/json.ts'
import { writeOut } from '../print/write.ts'

/** `rkt cat-manifest`: the pod manifest in appc's form, as rkt's readers find it in the pod. */
export function run({ flags, positionals }: Invocation): number {
  const file = flags.get(outputFlags.uuidFile)
  const { dataDirectory } = readSettings(flags)
  const pod = within('problem retrieving pod', () => findPod(dataDirectory, file === '' ? (positionals[0] ?? '') : readUuidFile(file)))
  const manifest: unknown = within('cannot read the pod manifest', () =>
    JSON.parse(readFileSync(`${pod.directory}/${podLayout.view.podManifest}`, 'utf8')),
  )
  writeOut(formatJson(manifest, flags.get(outputFlags.prettyPrint) ? 'json-pretty' : 'json'))
  return 0
}
