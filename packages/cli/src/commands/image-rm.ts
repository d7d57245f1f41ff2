import { openStore, removeImage } from '@rocket/store'
import { readSettings } from '../config/settings.ts'
import type { Invocation } from '../grammar/command.ts'
import { findStoredImage } from '../images/stored-image.ts'
import { errorStyle } from '../print/context.ts'
import { printError, printLine } from '../print/errors.ts'
import { writeOut } from '../print/write.ts'

/** `rkt image rm`: takes names away. An argument that means no image is told and does not count as a failure. */
export async function run(invocation: Invocation): Promise<number> {
  const style = errorStyle(invocation)
  if (invocation.positionals.length === 0) {
    printLine('must provide at least one image ID', style)
    return 254
  }
  const store = openStore(readSettings(invocation.flags).storeDirectory)
  let removed = 0
  let failed = 0
  for (const text of invocation.positionals) {
    let imageId: string
    try {
      imageId = findStoredImage(store, text)
    } catch (error) {
      printError(error, style)
      continue
    }
    try {
      const { pinnedBy } = await removeImage(store, imageId)
      if (pinnedBy.length > 0) printLine(`image ${imageId} is still used by ${pinnedBy.join(', ')}: its bytes stay until then`, style)
      writeOut(`successfully removed aci for image: ${JSON.stringify(imageId)}\n`)
      removed += 1
    } catch (error) {
      printError(error, style, `error removing aci for image ${JSON.stringify(imageId)}`)
      failed += 1
    }
  }
  if (removed > 0) printLine(`${removed} image(s) successfully removed`, style)
  if (failed === 0) return 0
  printLine(`${failed} image(s) cannot be removed`, style)
  printLine('error(s) found while removing images', style)
  return 254
}
