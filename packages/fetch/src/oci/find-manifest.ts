import { RocketError, type OciManifest } from '@rocket/contracts'
import { digestOf } from '@rocket/host'
import { parseManifestOrIndex, pickPlatform, type Platform } from '@rocket/image'
import type { RegistryImage } from '../registry/registry-image.ts'
import { verifyBytes } from './verify-bytes.ts'

export interface FoundManifest {
  bytes: Buffer
  manifest: OciManifest
  /** From what was asked for to the manifest, itself the last: each index names the next. */
  chain: { digest: string; bytes: Buffer }[]
}

/** An index may hold indexes; one that goes deeper is playing with us. */
const maxDepth = 4

/**
 * From a tag or digest to the manifest for a platform. What was asked for by digest is verified, and so is each step after it;
 * a registry that contradicts itself about a tag is not believed. Throws IMAGE_DIGEST_MISMATCH, IMAGE_DOCUMENT_INVALID,
 * IMAGE_DOCUMENT_AMBIGUOUS, PLATFORM_NOT_FOUND, REGISTRY_ANSWER_INVALID.
 */
export async function findManifest(
  client: Pick<RegistryImage, 'name' | 'getManifest'>, reference: { tag: string; digest: string | undefined }, platform: Platform,
): Promise<FoundManifest> {
  let document = await client.getManifest(reference.digest ?? reference.tag)
  if (reference.digest !== undefined) verifyBytes(document.bytes, { digest: reference.digest }, 'the manifest')
  else if (document.announcedDigest !== undefined) checkAnnounced(document.bytes, document.announcedDigest, client.name)
  let digest = reference.digest ?? `sha256:${digestOf('sha256', document.bytes)}`
  const chain: FoundManifest['chain'] = []
  for (let depth = 0; depth <= maxDepth; depth += 1) {
    const parsed = parseManifestOrIndex(document.bytes, document.contentType)
    chain.push({ digest, bytes: document.bytes })
    if (parsed.kind === 'manifest') return { bytes: document.bytes, manifest: parsed.manifest, chain }
    const chosen = pickPlatform(parsed.index, platform)
    digest = chosen.digest
    document = await client.getManifest(digest)
    verifyBytes(document.bytes, chosen, 'the manifest')
  }
  throw new RocketError('IMAGE_DOCUMENT_INVALID', {
    what: `the image of ${client.name} was not fetched`, why: `its indexes are nested more than ${maxDepth} deep`,
  })
}

function checkAnnounced(bytes: Buffer, announced: string, name: string): void {
  if (!/^(sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128})$/.test(announced)) {
    throw new RocketError('REGISTRY_ANSWER_INVALID', {
      what: `the manifest of ${name} was not used`, why: 'its Docker-Content-Digest is not a digest',
    })
  }
  verifyBytes(bytes, { digest: announced }, 'the manifest')
}
