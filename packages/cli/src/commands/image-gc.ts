import { existingPods, isThere } from '@rocket/host'
import { collectGarbage, explainGarbage, openStore, planEviction } from '@rocket/store'
import { readSettings } from '../config/settings.ts'
import { readCacheLimits } from '../config/store-settings.ts'
import type { Invocation } from '../grammar/command.ts'
import { outputFlags } from '../grammar/flags/output.ts'
import { explainFlags, imageGcFlags } from '../grammar/flags/store.ts'
import { formatVerdicts, verdictOn } from '../images/print-swept.ts'
import { errorStyle } from '../print/context.ts'
import { printLine } from '../print/errors.ts'
import { writeOut } from '../print/write.ts'

/**
 * `rkt image gc`: images that nobody used for long, and bytes that nobody needs, in rkt's words. Unlike rkt, what a pod that does not run
 * yet needs stays, too.
 */
export async function run(invocation: Invocation): Promise<number> {
  const { flags } = invocation
  const settings = readSettings(flags)
  const store = openStore(settings.storeDirectory)
  const limits = { ...readCacheLimits(settings), maxAgeMs: flags.get(imageGcFlags.gracePeriod) }
  const maxBytes = flags.get(imageGcFlags.maxBytes)
  if (maxBytes !== undefined) limits.maxBytes = maxBytes
  const options = { pods: () => existingPods(settings.dataDirectory), images: () => planEviction(store, limits) }
  if (flags.get(explainFlags.explain)) {
    writeOut(formatVerdicts((await explainGarbage(store, options)).map(verdictOn), flags.get(outputFlags.format)))
    return 0
  }
  if (!isThere(store.directory)) return 0
  const style = errorStyle(invocation)
  const swept = await collectGarbage(store, options)
  for (const tree of swept.trees) printLine(`removed treestore "${tree}"`, style)
  for (const imageId of swept.images) writeOut(`successfully removed aci for image: ${JSON.stringify(imageId)}\n`)
  if (swept.images.length > 0) printLine(`${swept.images.length} image(s) successfully removed`, style)
  return 0
}
