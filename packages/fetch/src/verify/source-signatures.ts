import type { OciDescriptor } from '@rocket/contracts'
import { type ImageSource, largestManifestBytes } from '@rocket/image'
import { parseDockerReference } from '../docker-reference.ts'
import { verifyBytes } from '../oci/verify-bytes.ts'
import type { SignaturePlace } from './find-signatures.ts'

/** The signatures that lie beside an image in a layout or an archive. */
export function signaturesIn(source: ImageSource): SignaturePlace {
  return {
    about: async (digest) => Promise.all((await source.findReferrers(digest)).map(async ({ descriptor }) => ({
      bytes: await source.readDocument(descriptor, largestManifestBytes), mediaType: descriptor.mediaType, where: `${descriptor.digest} in ${source.name}`,
    }))),
    read: async (descriptor, mostBytes) => readWhole(source, descriptor, mostBytes),
  }
}

async function readWhole(source: ImageSource, descriptor: OciDescriptor, mostBytes: number): Promise<Buffer> {
  const chunks: Buffer[] = []
  let length = 0
  for await (const chunk of await source.openBlob(descriptor)) {
    length += chunk.length
    chunks.push(chunk)
    if (length > mostBytes) break
  }
  const bytes = Buffer.concat(chunks)
  verifyBytes(bytes, descriptor, 'a signature')
  return bytes
}

/**
 * The name for which an image from a file must be signed: what its place calls it when that is a name of a registry, else the name it gets
 * here. Whoever made the file chose it, so it can ask for a signature only.
 */
export function claimedName(tag: string | undefined, localName: string): string {
  if (tag === undefined || !/[.:].*\//.test(tag)) return localName
  try {
    const { registry, repository } = parseDockerReference(tag)
    return `${registry}/${repository}`
  } catch {
    return localName
  }
}
