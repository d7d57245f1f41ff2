import { existsSync } from 'node:fs'
import { extname, resolve } from 'node:path'
import { RocketError } from '@rocket/contracts'
import type { Invocation } from '../grammar/command.ts'
import { imageOutputFlags } from '../grammar/flags/store.ts'
import { useImages } from '../images/use-image.ts'
import { errorStyle } from '../print/context.ts'
import { printLine } from '../print/errors.ts'

/** `rkt image export`. The file is there when it is whole, and verified; an ACI that is no longer in the store as bytes is packed anew. */
export async function run(invocation: Invocation): Promise<number> {
  const { flags, positionals } = invocation
  const [image = '', file = ''] = positionals
  if (extname(file) !== '.aci') throw usage(`extension must be .aci (given ${extname(file)})`, 'name the file so')
  if (existsSync(file) && !flags.get(imageOutputFlags.overwrite)) throw usage('output ACI file exists (try --overwrite)')
  await useImages(flags, [image], async (used) => {
    const { exportAci } = await import('../images/export-aci.ts')
    const exported = await exportAci(used, resolve(file))
    if (exported.imageId !== used.record.imageId) {
      printLine(`image ${used.record.imageId} was rendered as an ACI, whose ID is ${exported.imageId}`, errorStyle(invocation))
    }
  })
  return 0
}

function usage(what: string, hint?: string): RocketError {
  return new RocketError('USAGE', { what, ...(hint === undefined ? {} : { hint }) })
}
