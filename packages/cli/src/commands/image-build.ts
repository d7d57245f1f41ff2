import { existsSync, statSync } from 'node:fs'
import { resolve } from 'node:path'
import { RocketError } from '@rocket/contracts'
import { readNamedFile } from '../config/named-file.ts'
import type { Invocation } from '../grammar/command.ts'
import { imageBuildFlags } from '../grammar/flags/life.ts'
import { writeError, writeOut } from '../print/write.ts'

/**
 * `rkt image build`: packs a directory and an appc manifest, as an ACI or into an OCI layout. Prints the image ID of an ACI, the digest of
 * an OCI manifest.
 */
export async function run({ flags }: Invocation): Promise<number> {
  const rootfs = requiredDirectory(flags.get(imageBuildFlags.rootfs))
  const manifest = readManifest(flags.get(imageBuildFlags.manifest))
  const output = flags.get(imageBuildFlags.output)
  const oci = flags.get(imageBuildFlags.oci)
  if ((output === '') === (oci === '')) {
    throw usage('the output must be named', 'either -o FILE.aci or --oci=DIR', example)
  }
  const { packAci, packOci } = await import('@rocket/image')
  if (oci !== '') {
    const packed = await packOci(resolve(oci), { rootfs, manifest })
    for (const warning of packed.warnings) writeError(`build: ${warning}\n`)
    writeOut(`${packed.manifestDigest}\n`)
    return 0
  }
  if (!output.endsWith('.aci')) throw usage(`extension must be .aci (given ${output})`, undefined, 'name it so, or use --oci=DIR')
  if (existsSync(output) && !flags.get(imageBuildFlags.overwrite)) throw usage('output ACI file exists', undefined, '--overwrite')
  const packed = await packAci(resolve(output), { rootfs, manifest })
  writeOut(`${packed.imageId}\n`)
  return 0
}

function requiredDirectory(path: string): string {
  if (path === '') throw usage('--rootfs must name the directory that becomes the root file system', undefined, example)
  const directory = resolve(path)
  if (existsSync(directory) && statSync(directory).isDirectory()) return directory
  throw usage(`${directory} cannot be packed`, 'it is not a directory', 'name the directory that becomes the root file system')
}

function readManifest(path: string): string {
  if (path === '') throw usage('--manifest must name the image manifest', undefined, example)
  return readNamedFile(path, 'name the file that holds the image manifest')
}

const example = 'rkt image build --rootfs root --manifest manifest.json -o web.aci'

function usage(what: string, why?: string, hint?: string): RocketError {
  return new RocketError('USAGE', { what, ...(why === undefined ? {} : { why }), ...(hint === undefined ? {} : { hint }) })
}
