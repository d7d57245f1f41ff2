import { type OciDescriptor, type OciManifest, RocketError } from '@rocket/contracts'
import { passArchive } from '../archive-stream.ts'
import { defaultExpansionLimits } from '../decompress.ts'
import { parseDigest } from '../digest.ts'
import { checkIsImage, pairLayers, parseImageConfig, parseManifestOrIndex } from '../oci-documents.ts'
import { tarEnd, tarPadding } from '../tar-writer.ts'
import type { ImageDestination } from './image-destination.ts'
import { type NewFile, openNewFile } from './new-file.ts'
import { entryHeader } from './planned-tar.ts'

const headerBytes = 512
/** What the size field of a plain header can say. */
const mostLayerBytes = 0o77777777777

/**
 * One image in the form of `docker save`, for tools that know no other: its layers uncompressed, under `names` (`NAME:TAG`). The manifest has
 * no place in it, so its digest, and what refers to it, does not survive. The same copy gives the same bytes. The file gets its name when it
 * is whole and synced. Throws PACK_FAILED, LAYER_DIGEST_MISMATCH, LAYER_TOO_LARGE, IMAGE_DOCUMENT_INVALID, DISK_FULL, SYSCALL_FAILED.
 */
export function openDockerArchiveDestination(path: string, options: { names: readonly string[]; overwrite: boolean }): ImageDestination {
  let file: NewFile | undefined
  let manifest: OciManifest | undefined
  let configBytes: Buffer | undefined
  let end = 0
  const diffIds = new Map<string, string>()
  const write = (bytes: Buffer): void => {
    file!.write(end, bytes)
    end += bytes.length
  }
  const writeEntry = (name: string, bytes: Buffer): void => [entryHeader(name, bytes.length), bytes, tarPadding(bytes.length)].forEach(write)
  /** How large it is, and so its header, is known at its end. */
  const writeLayer = async (descriptor: OciDescriptor, open: () => AsyncIterable<Buffer>): Promise<'sent'> => {
    const start = end
    end += headerBytes
    const { diffId, tarBytes } = await passArchive(open(), { limits: defaultExpansionLimits }, write)
    if (tarBytes > mostLayerBytes) throw refuse(path, `the layer ${descriptor.digest} has ${tarBytes} bytes`, 'oci-archive:FILE has room for it')
    const isThere = [...diffIds.values()].includes(diffId)
    diffIds.set(descriptor.digest, diffId)
    if (isThere) end = start
    else {
      file!.write(start, entryHeader(layerName(diffId), tarBytes))
      write(tarPadding(tarBytes))
    }
    return 'sent'
  }
  return {
    name: path,
    atOnce: 1,
    begin: ({ root, referrers }) => {
      const document = parseManifestOrIndex(root.bytes, root.descriptor.mediaType)
      if (document.kind === 'index') throw refuse(path, 'an archive of docker save holds images of one platform', 'choose one with --platform')
      if (referrers.length > 0) {
        throw refuse(path, 'an archive of docker save has no place for signatures and what else refers to the image', '--without-referrers leaves them; oci-archive:FILE holds them')
      }
      manifest = document.manifest
      checkIsImage(manifest)
      file = openNewFile(path, options)
    },
    putBlob: async (descriptor, open) => {
      if (descriptor.digest !== manifest!.config.digest) return writeLayer(descriptor, open)
      const chunks: Buffer[] = []
      for await (const chunk of open()) chunks.push(chunk)
      configBytes = Buffer.concat(chunks)
      return 'sent'
    },
    finish: () => {
      const config = parseImageConfig(configBytes!)
      for (const { layer, diffId } of pairLayers(manifest!, config)) checkDiffId(layer, diffId, diffIds.get(layer.digest))
      const configName = `${parseDigest(manifest!.config.digest).hex}.json`
      writeEntry(configName, configBytes!)
      const layers = manifest!.layers.map(({ digest }) => layerName(diffIds.get(digest)!))
      writeEntry('manifest.json', Buffer.from(JSON.stringify([{ Config: configName, RepoTags: options.names, Layers: layers }])))
      write(tarEnd)
      file!.finish()
    },
    close: () => file?.close(),
  }
}

function layerName(diffId: string): string {
  return `${parseDigest(diffId).hex}.tar`
}

function checkDiffId(layer: OciDescriptor, wanted: string, got: string | undefined): void {
  if (wanted === got) return
  throw new RocketError('LAYER_DIGEST_MISMATCH', {
    what: `the uncompressed layer ${layer.digest} is not what the configuration says`, why: `it should be ${wanted} and is ${got}`,
    hint: 'do not trust where it came from',
  })
}

function refuse(path: string, why: string, hint: string): RocketError {
  return new RocketError('PACK_FAILED', { what: `the image was not copied to ${path}`, why, hint })
}
