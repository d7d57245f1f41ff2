import { type OciDescriptor, RocketError, scanJson } from '@rocket/contracts'
import { createDigest, digestOf } from '@rocket/host'
import { detectCompression, sniffBytes } from '../compression.ts'
import { cleanEntryName } from '../entry-path.ts'
import { largestConfigBytes, largestManifestBytes, parseImageConfig } from '../oci-documents.ts'
import type { ContentFiles } from './content-files.ts'
import { checkContent, type ImageSource } from './image-source.ts'

interface ArchivedImage {
  Config: string
  RepoTags: string[]
  Layers: string[]
}

const manifestType = 'application/vnd.docker.distribution.manifest.v2+json'
const configType = 'application/vnd.docker.container.image.v1+json'
const layerType = 'application/vnd.docker.image.rootfs.diff.tar'
const suffixes = { none: '', gzip: '.gzip', zstd: '.zstd' } as const

/**
 * One image of an archive in the form of `docker save`, by `NAME:TAG` or, where names do not help, `@N` from 0. Such an archive has no
 * manifest; it gets docker's of schema 2 for its configuration and its layers as they are, so the same image always has the same digest.
 * Throws IMAGE_ARCHIVE_INVALID, OCI_TAG_NOT_FOUND, IMAGE_DOCUMENT_INVALID. Reference: docker, image specification 1.2, "Combined image JSON".
 */
export async function openDockerArchive(files: ContentFiles, reference: string | undefined): Promise<ImageSource> {
  const images = parseManifestFile(files)
  const image = chooseImage(files, images, reference)
  const configBytes = readConfig(files, image)
  const config = parseImageConfig(configBytes)
  if (config.rootfs.diff_ids.length !== image.Layers.length) {
    throw invalid(files, `an image has ${image.Layers.length} layers, and its configuration lists ${config.rootfs.diff_ids.length}`)
  }
  const configDigest = `sha256:${digestOf('sha256', configBytes)}`
  const places = new Map([[configDigest, entryName(files, image.Config)]])
  const layers: OciDescriptor[] = []
  for (const [index, name] of image.Layers.entries()) {
    const path = entryName(files, name)
    const descriptor = await describeLayer(files, path, config.rootfs.diff_ids[index]!)
    places.set(descriptor.digest, path)
    layers.push(descriptor)
  }
  const configDescriptor = { mediaType: configType, digest: configDigest, size: configBytes.length }
  const manifestBytes = Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType: manifestType, config: configDescriptor, layers }))
  const root = { mediaType: manifestType, digest: `sha256:${digestOf('sha256', manifestBytes)}`, size: manifestBytes.length }
  return {
    name: files.name,
    tag: image.RepoTags[0],
    imageName: image.RepoTags[0],
    root,
    readDocument: (descriptor) => {
      const bytes = [manifestBytes, configBytes][[root.digest, configDigest].indexOf(descriptor.digest)]
      if (bytes === undefined) throw invalid(files, `it lacks ${descriptor.digest}`)
      return checkContent(bytes, descriptor, files.name)
    },
    openBlob: (descriptor, signal) => {
      const path = places.get(descriptor.digest)
      if (path === undefined) throw invalid(files, `it lacks ${descriptor.digest}`)
      return files.open(path, signal)
    },
    findReferrers: () => [],
    close: () => files.close(),
  }
}

/** The names of all images of an archive. */
export function listDockerNames(files: ContentFiles): string[] {
  return parseManifestFile(files).flatMap(({ RepoTags }) => RepoTags)
}

function parseManifestFile(files: ContentFiles): ArchivedImage[] {
  const bytes = files.read('manifest.json', largestManifestBytes)
  if (bytes === undefined) throw invalid(files, 'there is no manifest.json in it', 'an OCI layout in an archive is named with oci-archive:FILE')
  const text = bytes.toString('utf8')
  const { fault, repeated } = scanJson(text)
  if (fault !== undefined) throw invalid(files, `its manifest.json is not JSON: ${fault.why} at byte ${fault.offset}`)
  if (repeated !== undefined) throw invalid(files, `its manifest.json gives the key ${JSON.stringify(repeated.key.slice(0, 100))} twice`)
  const value: unknown = JSON.parse(text)
  if (!Array.isArray(value) || value.length === 0 || value.length > 10_000) throw invalid(files, 'its manifest.json does not list images')
  return value.map((item) => {
    const { Config, RepoTags, Layers } = (item ?? {}) as { [key in keyof ArchivedImage]?: unknown }
    if (typeof Config !== 'string' || !isTexts(Layers) || Layers.length > 1000 || !(RepoTags == null || isTexts(RepoTags))) {
      throw invalid(files, 'its manifest.json does not describe images by Config, RepoTags and Layers')
    }
    return { Config, RepoTags: RepoTags ?? [], Layers }
  })
}

function isTexts(value: unknown): value is string[] {
  return Array.isArray(value) && value.every((text) => typeof text === 'string' && text.length <= 4096)
}

function chooseImage(files: ContentFiles, images: readonly ArchivedImage[], reference: string | undefined): ArchivedImage {
  const numbered = /^@(\d{1,5})$/.exec(reference ?? '')?.[1]
  const wanted = reference === undefined || /:[^/]*$/.test(reference) ? reference : `${reference}:latest`
  const image = numbered !== undefined ? images[Number(numbered)]
    : wanted === undefined ? (images.length === 1 ? images[0] : undefined)
    : images.find(({ RepoTags }) => RepoTags.some((name) => fullName(name) === fullName(wanted)))
  if (image !== undefined) return image
  const names = images.flatMap(({ RepoTags }) => RepoTags).slice(0, 30)
  throw new RocketError('OCI_TAG_NOT_FOUND', {
    what: reference === undefined ? `${files.name} holds ${images.length} images` : `${files.name} has no image ${JSON.stringify(reference)}`,
    why: names.length === 0 ? 'none of its images has a name' : `it has ${names.map((name) => JSON.stringify(name)).join(', ')}`,
    hint: 'name one: docker-archive:FILE:NAME:TAG, or docker-archive:FILE:@0 for the first',
  })
}

/** Tools differ in whether they write the default registry out. */
function fullName(name: string): string {
  return name.replace(/^(docker\.io\/(library\/)?|library\/)/, '')
}

/** Named by its digest, as docker does; where the name is one, it must be true. */
function readConfig(files: ContentFiles, image: ArchivedImage): Buffer {
  const bytes = files.read(entryName(files, image.Config), largestConfigBytes)
  if (bytes === undefined) throw invalid(files, `it lacks ${JSON.stringify(image.Config.slice(0, 200))}`)
  const named = /(?:^|\/)([0-9a-f]{64})(?:\.json)?$/.exec(image.Config)?.[1]
  return named === undefined ? bytes : checkContent(bytes, { digest: `sha256:${named}`, size: bytes.length }, files.name)
}

/** A layer is its own tar nearly always: then its digest is known. A compressed one is read to learn it. */
async function describeLayer(files: ContentFiles, path: string, diffId: string): Promise<OciDescriptor> {
  const size = files.sizeOf(path)
  if (size === undefined) throw invalid(files, `it lacks ${JSON.stringify(path.slice(0, 200))}`)
  let compression: keyof typeof suffixes | undefined
  const digest = createDigest('sha256')
  for await (const chunk of files.open(path)) {
    if (compression === undefined) {
      const found = detectCompression(chunk.subarray(0, sniffBytes))
      if (found === 'none') return { mediaType: layerType, digest: diffId, size }
      if (found !== 'gzip' && found !== 'zstd') throw invalid(files, `a layer is compressed with ${found}`)
      compression = found
    }
    digest.update(chunk)
  }
  return { mediaType: `${layerType}${suffixes[compression ?? 'none']}`, digest: `sha256:${digest.hex()}`, size }
}

/** A name in a document, as the index of the archive has it. */
function entryName(files: ContentFiles, name: string): string {
  const clean = cleanEntryName(Buffer.from(name))
  if (clean === '') throw invalid(files, 'its manifest.json names a file with an empty name')
  return clean
}

function invalid(files: ContentFiles, why: string, hint = 'save the image again'): RocketError {
  return new RocketError('IMAGE_ARCHIVE_INVALID', { what: `${files.name} is not an archive of docker save`, why, hint })
}
