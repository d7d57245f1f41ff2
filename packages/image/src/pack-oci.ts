import { existsSync, mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { type ImageManifest, RocketError } from '@rocket/contracts'
import { parseImageManifest } from '@rocket/contracts/schemas'
import { digestOf, readIfThere, writeFileAtomic } from '@rocket/host'
import { ociFromAppc } from './oci-from-appc.ts'
import { parseManifestOrIndex } from './oci-documents.ts'
import type { PackOptions } from './pack-aci.ts'
import { type PackedArchive, tarOfTree, writeArchive } from './pack-archive.ts'
import { blobPath } from './oci-layout.ts'

export interface PackedOci {
  manifestDigest: string
  configDigest: string
  layer: PackedArchive
  manifest: ImageManifest
  tag: string
  warnings: string[]
}

const refName = 'org.opencontainers.image.ref.name'
const types = {
  index: 'application/vnd.oci.image.index.v1+json',
  manifest: 'application/vnd.oci.image.manifest.v1+json',
  config: 'application/vnd.oci.image.config.v1+json',
  layer: 'application/vnd.oci.image.layer.v1.tar+gzip',
}

/**
 * Packs an OCI image of one gzip layer into the layout `directory`: a new one, or one that is there, in which the image takes the place
 * of the one with its tag (by default the label `version`, or `latest`). The same input gives the same bytes. What is interrupted leaves
 * an unused blob at most. Throws IMAGE_MANIFEST_INVALID, IMAGE_CONFIG_INVALID, PACK_FAILED, DISK_FULL, SYSCALL_FAILED.
 */
export async function packOci(directory: string, options: PackOptions & { tag?: string }): Promise<PackedOci> {
  const manifest = parseImageManifest(options.manifest)
  const tag = options.tag ?? manifest.labels?.find(({ name }) => name === 'version')?.value ?? 'latest'
  // All that can be refused is refused before the layer is made.
  ociFromAppc(manifest, `sha256:${'0'.repeat(64)}`)
  const others = openLayout(directory).filter((entry) => entry.annotations?.[refName] !== tag)
  const unfinished = join(directory, 'blobs/sha256', `.layer.${process.pid}.tmp`)
  let layer: PackedArchive
  try {
    layer = await writeArchive(tarOfTree(options.rootfs, '', [], options), unfinished, 'gzip')
    renameSync(unfinished, blobPath(directory, layer.digest))
  } catch (error) {
    rmSync(unfinished, { force: true })
    throw error
  }
  const { config, annotations, warnings } = ociFromAppc(manifest, layer.diffId)
  const configDescriptor = writeJsonBlob(directory, config, types.config)
  const manifestDescriptor = writeJsonBlob(
    directory,
    {
      schemaVersion: 2,
      mediaType: types.manifest,
      config: configDescriptor,
      layers: [{ mediaType: types.layer, digest: layer.digest, size: layer.sizeBytes }],
      annotations,
    },
    types.manifest,
  )
  const { architecture, os, variant } = config
  const entry = {
    ...manifestDescriptor,
    platform: { architecture, os, ...(variant === undefined ? {} : { variant }) },
    annotations: { [refName]: tag },
  }
  writeFileAtomic(
    join(directory, 'index.json'),
    JSON.stringify({ schemaVersion: 2, mediaType: types.index, manifests: [...others, entry] }),
  )
  return { manifestDigest: manifestDescriptor.digest, configDigest: configDescriptor.digest, layer, manifest, tag, warnings }
}

type Entry = { annotations?: Readonly<Record<string, string>> | null | undefined }

/** Makes a layout where nothing is, and returns what the index of one that is there lists. */
function openLayout(directory: string): Entry[] {
  mkdirSync(join(directory), { recursive: true })
  const known = existsSync(join(directory, 'oci-layout'))
  if (!known && readdirSync(directory).length > 0) {
    throw new RocketError('PACK_FAILED', {
      what: `cannot pack into ${directory}`,
      why: 'it is not empty, and not an OCI image layout',
      hint: 'name a new directory',
    })
  }
  mkdirSync(join(directory, 'blobs/sha256'), { recursive: true })
  if (!known) writeFileAtomic(join(directory, 'oci-layout'), '{"imageLayoutVersion":"1.0.0"}')
  const index = readIfThere(join(directory, 'index.json'))
  if (index === undefined) return []
  const root = parseManifestOrIndex(index)
  return root.kind === 'index' ? root.index.manifests : []
}

function writeJsonBlob(directory: string, value: unknown, mediaType: string): { mediaType: string; digest: string; size: number } {
  const bytes = Buffer.from(JSON.stringify(value))
  const digest = `sha256:${digestOf('sha256', bytes)}`
  writeFileAtomic(blobPath(directory, digest), bytes)
  return { mediaType, digest, size: bytes.length }
}
