import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs'
import { join } from 'node:path'
import { isErrno, type OciDescriptor, type OciImageConfig, type OciIndex, type OciManifest, RocketError } from '@rocket/contracts'
import { digestOf } from '@rocket/host'
import { parseDigest } from './digest.ts'
import {
  checkIsImage,
  largestConfigBytes,
  largestManifestBytes,
  pairLayers,
  parseImageConfig,
  parseManifestOrIndex,
} from './oci-documents.ts'
import { pickPlatform, type Platform } from './platform.ts'

export interface OciLayoutImage {
  /** The name it was found under, if it has one. */
  tag: string | undefined
  manifestDigest: string
  manifestBytes: Buffer
  manifest: OciManifest
  configBytes: Buffer
  config: OciImageConfig
  /** Bottom first; `path` is of the blob, whose digest is not verified yet. */
  layers: { descriptor: OciDescriptor; diffId: string; path: string }[]
}

const refName = 'org.opencontainers.image.ref.name'
const deepestIndex = 4
const indexTypes: readonly string[] = ['application/vnd.oci.image.index.v1+json', 'application/vnd.docker.distribution.manifest.list.v2+json']

/**
 * The image of an OCI image layout directory that has the tag or digest and runs on the platform. A digest may be that of a manifest or
 * of an index, at any depth of the indexes. Without either the layout must hold one image only.
 * Manifest and configuration are verified here, layers when they are unpacked. Throws OCI_LAYOUT_INVALID, OCI_TAG_NOT_FOUND,
 * PLATFORM_NOT_FOUND, IMAGE_DOCUMENT_INVALID, IMAGE_DOCUMENT_AMBIGUOUS. Spec: OCI image-spec, image-layout.md.
 */
export function readOciLayout(directory: string, tagOrDigest: string | undefined, platform: Platform): OciLayoutImage {
  checkLayoutFile(directory)
  const root = parseManifestOrIndex(readFileOf(directory, 'index.json', largestManifestBytes))
  if (root.kind !== 'index') throw invalidLayout(directory, 'its index.json is not an index')
  const entry = chooseEntry(directory, root.index, tagOrDigest)
  const { bytes, digest, manifest } = followToManifest(directory, entry, platform)
  checkIsImage(manifest)
  const configBytes = readBlob(directory, manifest.config, largestConfigBytes)
  const config = parseImageConfig(configBytes)
  return {
    tag: entry.annotations?.[refName],
    manifestDigest: digest,
    manifestBytes: bytes,
    manifest,
    configBytes,
    config,
    layers: pairLayers(manifest, config).map(({ layer, diffId }) => ({
      descriptor: layer,
      diffId,
      path: blobPath(directory, layer.digest),
    })),
  }
}

/** The tags of a layout, in its order. */
export function listOciTags(directory: string): string[] {
  checkLayoutFile(directory)
  const root = parseManifestOrIndex(readFileOf(directory, 'index.json', largestManifestBytes))
  return root.kind === 'index' ? root.index.manifests.flatMap(({ annotations }) => annotations?.[refName] ?? []) : []
}

/** Where a blob lies, once its digest is known to be one. */
export function blobPath(directory: string, digest: string): string {
  const { algorithm, hex } = parseDigest(digest)
  return join(directory, 'blobs', algorithm, hex)
}

function checkLayoutFile(directory: string): void {
  const text = readFileOf(directory, 'oci-layout', 4096).toString('utf8')
  let version: unknown
  try {
    version = (JSON.parse(text) as { imageLayoutVersion?: unknown } | null)?.imageLayoutVersion
  } catch (cause) {
    throw invalidLayout(directory, 'its oci-layout is not JSON', cause)
  }
  if (typeof version !== 'string' || !version.startsWith('1.'))
    throw invalidLayout(directory, `its version is ${JSON.stringify(version)}, known is 1.0.0`)
}

function chooseEntry(directory: string, index: OciIndex, tagOrDigest: string | undefined): OciDescriptor {
  const tags = index.manifests.flatMap(({ annotations }) => annotations?.[refName] ?? [])
  if (tagOrDigest === undefined) {
    if (index.manifests.length === 1) return index.manifests[0]!
    throw noTag(`${directory} holds ${index.manifests.length} images`, tags)
  }
  // No tag contains a colon.
  const isDigest = tagOrDigest.includes(':')
  const found = isDigest ? findByDigest(directory, index, tagOrDigest) : findByTag(index, tagOrDigest)
  if (found !== undefined) return found
  throw noTag(`${directory} has no image ${isDigest ? tagOrDigest : `named ${JSON.stringify(tagOrDigest)}`}`, tags)
}

/** Some tools write the whole reference in place of the tag: then its part after the last colon is the tag. */
function findByTag(index: OciIndex, tag: string): OciDescriptor | undefined {
  return index.manifests.find(({ annotations }) => annotations?.[refName] === tag) ??
    index.manifests.find(({ annotations }) => annotations?.[refName]?.split(':').at(-1) === tag)
}

/** Each index below is looked into once, however often it is listed. */
function findByDigest(directory: string, index: OciIndex, digest: string): OciDescriptor | undefined {
  const entries = new Map<string, OciDescriptor>()
  const add = (found: OciIndex): void => found.manifests.forEach((entry) => entries.set(entry.digest, entries.get(entry.digest) ?? entry))
  add(index)
  for (const entry of entries.values()) {
    if (entry.digest === digest) return entry
    if (!indexTypes.includes(entry.mediaType)) continue
    const document = parseManifestOrIndex(readBlob(directory, entry, largestManifestBytes), entry.mediaType)
    if (document.kind === 'index') add(document.index)
  }
  return undefined
}

function followToManifest(
  directory: string,
  from: OciDescriptor,
  platform: Platform,
): { bytes: Buffer; digest: string; manifest: OciManifest } {
  let descriptor = from
  for (let depth = 0; depth <= deepestIndex; depth++) {
    const bytes = readBlob(directory, descriptor, largestManifestBytes)
    const document = parseManifestOrIndex(bytes, descriptor.mediaType)
    if (document.kind === 'manifest') return { bytes, digest: descriptor.digest, manifest: document.manifest }
    descriptor = pickPlatform(document.index, platform)
  }
  throw invalidLayout(directory, `its indexes are nested more than ${deepestIndex} deep`)
}

function readBlob(directory: string, descriptor: OciDescriptor, mostBytes: number): Buffer {
  const { algorithm, hex } = parseDigest(descriptor.digest)
  const bytes = readFileOf(directory, join('blobs', algorithm, hex), mostBytes)
  const got = digestOf(algorithm, bytes)
  if (got !== hex) {
    throw new RocketError('LAYER_DIGEST_MISMATCH', {
      what: `the blob ${descriptor.digest} of ${directory} is not what its name says`,
      why: `it hashes to ${algorithm}:${got}`,
      hint: 'copy the layout again',
    })
  }
  if (bytes.length !== descriptor.size) {
    throw invalidLayout(directory, `the blob ${descriptor.digest} has ${bytes.length} bytes, its descriptor says ${descriptor.size}`)
  }
  return bytes
}

function readFileOf(directory: string, name: string, mostBytes: number): Buffer {
  const path = join(directory, name)
  let fd: number
  try {
    // A pipe in the place of a file must not keep us waiting.
    fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK)
  } catch (error) {
    if (isErrno(error, 'ENOENT', 'ENOTDIR')) throw invalidLayout(directory, `there is no ${name} in it`, error)
    throw error
  }
  try {
    const stat = fstatSync(fd)
    if (!stat.isFile()) throw invalidLayout(directory, `its ${name} is not a regular file`)
    if (stat.size > mostBytes) throw invalidLayout(directory, `its ${name} has ${stat.size} bytes, at most ${mostBytes} are accepted`)
    const bytes = Buffer.alloc(stat.size)
    let length = 0
    for (let read = -1; read !== 0 && length < bytes.length; length += read) read = readSync(fd, bytes, length, bytes.length - length, null)
    return bytes.subarray(0, length)
  } finally {
    closeSync(fd)
  }
}

function invalidLayout(directory: string, why: string, cause?: unknown): RocketError {
  return new RocketError('OCI_LAYOUT_INVALID', {
    what: `${directory} is not an OCI image layout that can be used`, why, cause,
    hint: 'name the directory that holds oci-layout and index.json: oci:DIR[:TAG][@DIGEST]',
  })
}

function noTag(what: string, tags: readonly string[]): RocketError {
  return new RocketError('OCI_TAG_NOT_FOUND', {
    what,
    why:
      tags.length === 0
        ? 'none of its images has a name'
        : `it has ${tags
            .slice(0, 30)
            .map((tag) => JSON.stringify(tag))
            .join(', ')}`,
    hint: 'name one: oci:DIR:TAG, or oci:DIR@DIGEST',
  })
}
