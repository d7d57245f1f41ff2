import { join } from 'node:path'
import { type OciDescriptor, type OciIndex, RocketError } from '@rocket/contracts'
import { type ContentFiles } from './content/content-files.ts'
import { checkContent, type ImageSource, type Referrer } from './content/image-source.ts'
import { parseDigest } from './digest.ts'
import { largestManifestBytes, ociManifestMediaTypes, parseManifestOrIndex } from './oci-documents.ts'

export const refName = 'org.opencontainers.image.ref.name'
/** Where containerd, docker and others keep the name of a registry; the tag alone is not enough to find an image's policy. */
export const imageNameKey = 'io.containerd.image.name'
const indexTypes: readonly string[] = ['application/vnd.oci.image.index.v1+json', 'application/vnd.docker.distribution.manifest.list.v2+json']
/** Names made of a digest: cosign's for what is about an image, and a registry's for its list of referrers. */
const aboutTag = /^sha(256-[0-9a-f]{64}|512-[0-9a-f]{128})(\.[A-Za-z0-9_.-]+)?$/

/**
 * The image of an OCI image layout, in a directory or an archive, that has the tag or digest. A digest may be that of a manifest or of an
 * index, at any depth of the indexes. Without either the layout must hold one image only; what is about an image, such as its signature,
 * is none. Throws OCI_LAYOUT_INVALID, OCI_TAG_NOT_FOUND, IMAGE_DOCUMENT_INVALID, IMAGE_DOCUMENT_AMBIGUOUS; reading throws
 * LAYER_DIGEST_MISMATCH as well. Spec: OCI image-spec, image-layout.md.
 */
export function openOciLayout(files: ContentFiles, tagOrDigest: string | undefined): ImageSource {
  const index = readRootIndex(files)
  const root = chooseEntry(files, index, tagOrDigest)
  return {
    name: files.name,
    tag: root.annotations?.[refName],
    imageName: root.annotations?.[imageNameKey],
    root,
    readDocument: (descriptor, mostBytes) => readBlob(files, descriptor, mostBytes),
    openBlob: (descriptor, signal) => {
      const name = blobName(descriptor.digest)
      if (files.sizeOf(name) === undefined) throw lacksBlob(files, descriptor)
      return files.open(name, signal)
    },
    findReferrers: (digest) => findReferrers(files, index, digest),
    close: () => files.close(),
  }
}

/** The tags of a layout, in its order. */
export function listOciTags(files: ContentFiles): string[] {
  return readRootIndex(files).manifests.flatMap(({ annotations }) => annotations?.[refName] ?? [])
}

/** Where a blob lies, once its digest is known to be one. */
export function blobPath(directory: string, digest: string): string {
  return join(directory, blobName(digest))
}

export function blobName(digest: string): string {
  const { algorithm, hex } = parseDigest(digest)
  return `blobs/${algorithm}/${hex}`
}

/** The index of a layout, when its version is known. */
export function readRootIndex(files: ContentFiles): OciIndex {
  checkLayoutFile(files)
  const root = parseManifestOrIndex(readFileOf(files, 'index.json', largestManifestBytes))
  if (root.kind === 'index') return root.index
  throw invalidLayout(files, 'its index.json is not an index')
}

function checkLayoutFile(files: ContentFiles): void {
  const text = readFileOf(files, 'oci-layout', 4096).toString('utf8')
  let version: unknown
  try {
    version = (JSON.parse(text) as { imageLayoutVersion?: unknown } | null)?.imageLayoutVersion
  } catch (cause) {
    throw invalidLayout(files, 'its oci-layout is not JSON', cause)
  }
  if (typeof version !== 'string' || !version.startsWith('1.'))
    throw invalidLayout(files, `its version is ${JSON.stringify(version)}, known is 1.0.0`)
}

function chooseEntry(files: ContentFiles, index: OciIndex, tagOrDigest: string | undefined): OciDescriptor {
  const tags = index.manifests.flatMap(({ annotations }) => annotations?.[refName] ?? [])
  if (tagOrDigest === undefined) {
    const images = index.manifests.length === 1 ? index.manifests : index.manifests.filter((entry) => !isAbout(files, entry))
    if (images.length === 1) return images[0]!
    throw noTag(`${files.name} holds ${images.length} images`, tags)
  }
  // No tag contains a colon.
  const isDigest = tagOrDigest.includes(':')
  const found = isDigest ? findByDigest(files, index, tagOrDigest) : findByTag(index, tagOrDigest)
  if (found !== undefined) return found
  throw noTag(`${files.name} has no image ${isDigest ? tagOrDigest : `named ${JSON.stringify(tagOrDigest)}`}`, tags)
}

/** Some tools write the whole reference in place of the tag: then its part after the last colon is the tag. */
function findByTag(index: OciIndex, tag: string): OciDescriptor | undefined {
  return index.manifests.find(({ annotations }) => annotations?.[refName] === tag) ??
    index.manifests.find(({ annotations }) => annotations?.[refName]?.split(':').at(-1) === tag)
}

/** Each index below is looked into once, however often it is listed; one that was not copied along is passed over. */
function findByDigest(files: ContentFiles, index: OciIndex, digest: string): OciDescriptor | undefined {
  const entries = new Map<string, OciDescriptor>()
  const add = (found: OciIndex): void => found.manifests.forEach((entry) => entries.set(entry.digest, entries.get(entry.digest) ?? entry))
  add(index)
  for (const entry of entries.values()) {
    if (entry.digest === digest) return entry
    if (!indexTypes.includes(entry.mediaType) || files.sizeOf(blobName(entry.digest)) === undefined) continue
    const document = parseManifestOrIndex(readBlob(files, entry, largestManifestBytes), entry.mediaType)
    if (document.kind === 'index') add(document.index)
  }
  return undefined
}

function findReferrers(files: ContentFiles, index: OciIndex, digest: string): Referrer[] {
  const prefix = digest.replace(':', '-')
  const found = new Map<string, Referrer>()
  for (const entry of index.manifests) {
    const tag = entry.annotations?.[refName]
    if (tag === prefix) {
      const list = parseManifestOrIndex(readBlob(files, entry, largestManifestBytes), entry.mediaType)
      if (list.kind === 'index') for (const descriptor of list.index.manifests) found.set(descriptor.digest, { descriptor })
    } else if (tag?.startsWith(`${prefix}.`) === true) {
      found.set(tag, { descriptor: entry, tag })
    } else if (subjectOf(files, entry) === digest) {
      found.set(entry.digest, { descriptor: entry })
    }
  }
  return [...found.values()]
}

function isAbout(files: ContentFiles, entry: OciDescriptor): boolean {
  return aboutTag.test(entry.annotations?.[refName] ?? '') || subjectOf(files, entry) !== undefined
}

/** The digest of what a manifest is about. What is not there, or is too large to be one, is about nothing. */
function subjectOf(files: ContentFiles, entry: OciDescriptor): string | undefined {
  if (!ociManifestMediaTypes.includes(entry.mediaType)) return undefined
  const bytes = files.sizeOf(blobName(entry.digest)) === undefined ? undefined : readBlob(files, entry, largestManifestBytes)
  if (bytes === undefined) return undefined
  const document = parseManifestOrIndex(bytes, entry.mediaType)
  return (document.kind === 'manifest' ? document.manifest : document.index).subject?.digest
}

function readBlob(files: ContentFiles, descriptor: OciDescriptor, mostBytes: number): Buffer {
  const bytes = files.read(blobName(descriptor.digest), mostBytes)
  if (bytes === undefined) throw lacksBlob(files, descriptor)
  return checkContent(bytes, descriptor, files.name)
}

function readFileOf(files: ContentFiles, name: string, mostBytes: number): Buffer {
  const bytes = files.read(name, mostBytes)
  if (bytes === undefined) throw invalidLayout(files, `there is no ${name} in it`)
  return bytes
}

function lacksBlob(files: ContentFiles, { digest }: OciDescriptor): RocketError {
  return new RocketError('OCI_LAYOUT_INVALID', {
    what: `${files.name} is not an OCI image layout that can be used`,
    why: `it lacks ${digest}`,
    hint: 'copy it again; of an image that was copied for one platform, the others are not there',
  })
}

function invalidLayout(files: ContentFiles, why: string, cause?: unknown): RocketError {
  return new RocketError('OCI_LAYOUT_INVALID', {
    what: `${files.name} is not an OCI image layout that can be used`, why, cause,
    hint: 'name what holds oci-layout and index.json: oci:DIR[:TAG][@DIGEST], or oci-archive:FILE[:TAG][@DIGEST]',
  })
}

function noTag(what: string, tags: readonly string[]): RocketError {
  const shown = tags.slice(0, 30).map((tag) => JSON.stringify(tag)).join(', ')
  return new RocketError('OCI_TAG_NOT_FOUND', {
    what,
    why: tags.length === 0 ? 'none of its images has a name' : `it has ${shown}`,
    hint: 'name one: oci:DIR:TAG, or oci:DIR@DIGEST',
  })
}
