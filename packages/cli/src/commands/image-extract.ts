import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { readSettings } from '../config/settings.ts'
import type { Invocation } from '../grammar/command.ts'
import { imageOutputFlags } from '../grammar/flags/store.ts'
import { findStoredAci } from '../images/export-aci.ts'
import { toImageManifest } from '../images/image-manifest.ts'
import { makeOutputDirectory } from '../images/output-directory.ts'
import { useImages } from '../images/use-image.ts'

/** `rkt image extract`: the image alone. An ACI is unpacked from its bytes, manifest as it was written; of other images the trees are copied. */
export async function run({ flags, positionals }: Invocation): Promise<number> {
  const [image = '', directory = ''] = positionals
  const rootfsOnly = flags.get(imageOutputFlags.rootfsOnly)
  const options = { overwrite: flags.get(imageOutputFlags.overwrite), keep: readSettings(flags).dataDirectory }
  await useImages(flags, [image], ({ store, record, trees }) => makeOutputDirectory(directory, options, async (target) => {
    const { copyTree, unpackAci } = await import('@rocket/image')
    const rootfs = rootfsOnly ? target : makeHome(target)
    const blob = await findStoredAci(store, record)
    let manifest = JSON.stringify(toImageManifest(record.manifest))
    if (blob === undefined) copyTree(trees, rootfs)
    else ({ manifestJson: manifest } = await unpackAci(blob, rootfs, { digest: record.layers[0]!.digest }))
    if (!rootfsOnly) writeFileSync(join(target, 'manifest'), manifest)
  }))
  return 0
}

/** The directory that holds `manifest` and `rootfs`; returns the place of the latter. */
export function makeHome(target: string): string {
  mkdirSync(target, { mode: 0o755 })
  return join(target, 'rootfs')
}
