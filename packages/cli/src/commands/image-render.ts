import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { readSettings } from '../config/settings.ts'
import type { Invocation } from '../grammar/command.ts'
import { imageOutputFlags } from '../grammar/flags/store.ts'
import { toImageManifest } from '../images/image-manifest.ts'
import { makeOutputDirectory } from '../images/output-directory.ts'
import { useImages } from '../images/use-image.ts'
import { makeHome } from './image-extract.ts'

/** `rkt image render`: the root file system as an app sees it, dependencies and all layers together, copied from the trees of the store. */
export async function run({ flags, positionals }: Invocation): Promise<number> {
  const [image = '', directory = ''] = positionals
  const rootfsOnly = flags.get(imageOutputFlags.rootfsOnly)
  const options = { overwrite: flags.get(imageOutputFlags.overwrite), keep: readSettings(flags).dataDirectory }
  await useImages(flags, [image], ({ record, trees }) => makeOutputDirectory(directory, options, async (target) => {
    const { copyTree } = await import('@rocket/image')
    copyTree(trees, rootfsOnly ? target : makeHome(target))
    if (!rootfsOnly) writeFileSync(join(target, 'manifest'), JSON.stringify(toImageManifest(record.manifest)))
  }))
  return 0
}
