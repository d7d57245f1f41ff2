import { createReadStream } from 'node:fs'
import { isRocketError, type ImageRecord } from '@rocket/contracts'
import { inspectAci, imageIdFromSha512 } from '@rocket/image'
import { digestOf } from '@rocket/host'
import { loadIngest, readEvidence, type Store } from '@rocket/store'
import { printable, recheckEvidence, type Rechecked, type Trust } from '@rocket/trust'

/** One verification of an image, as it stands today. */
export interface CheckedEvidence extends Rechecked {
  /** In the store. */
  file: string
  method: string
  /** Who signed: user IDs of a key, the subject of a certificate, else the key. */
  signer: string
  checkedAt: string
}

/**
 * Checks everything again that is kept of the verifications of an image, oldest first: the bytes against the image's ID, the signature over the
 * bytes, the signer against the configuration of today. Asks no server. Throws what reading the store throws.
 */
export async function checkEvidence(store: Store, record: ImageRecord, trust: Trust): Promise<CheckedEvidence[]> {
  const kept = readEvidence(store, record.imageId)
  const damage = kept.some(({ evidence }) => evidence.verdict === 'verified') ? await findDamage(store, record) : undefined
  const checked: CheckedEvidence[] = []
  for (const { file, evidence } of kept) {
    const { signer, method, checkedAt } = evidence
    const names = signer === undefined || signer.identities.length > 0 ? signer?.identities ?? [] : [signer.fingerprint ?? '']
    const again: Rechecked = damage !== undefined && evidence.verdict === 'verified' ? { state: 'broken', why: damage }
      : await recheckEvidence(evidence, await storedBytes(store, record), trust)
    checked.push({ file, method, checkedAt, signer: printable(names.join(', ')), ...again })
  }
  return checked
}

async function storedBytes(store: Store, record: ImageRecord): Promise<Parameters<typeof recheckEvidence>[1]> {
  const { blobPath, findBlob } = await loadIngest()
  if (record.format === 'aci') return { archive: createReadStream(blobPath(store, archiveOf(record)), { highWaterMark: 1 << 20 }) as AsyncIterable<Buffer> }
  const manifest = record.sha256 === undefined ? undefined : findBlob(store, record.sha256)
  return manifest === undefined ? {} : { manifest }
}

/** Why the bytes in the store are not those of the image's ID; undefined when they are. */
async function findDamage(store: Store, record: ImageRecord): Promise<string | undefined> {
  const { blobPath, findBlob, hasBlob } = await loadIngest()
  try {
    if (record.format === 'oci') {
      const manifest = record.sha256 === undefined ? undefined : findBlob(store, record.sha256)
      if (manifest === undefined) return 'its manifest is not in the store any more'
      return imageIdFromSha512(digestOf('sha512', manifest)) === record.imageId ? undefined : 'the manifest in the store is another'
    }
    const digest = archiveOf(record)
    if (!hasBlob(store, digest)) return 'its archive is not in the store any more'
    const { imageId } = await inspectAci(createReadStream(blobPath(store, digest), { highWaterMark: 1 << 20 }) as AsyncIterable<Buffer>)
    return imageId === record.imageId ? undefined : 'the archive in the store is another'
  } catch (error) {
    if (!isRocketError(error)) throw error
    return error.message
  }
}

/** The digest of its own archive: what it was rendered from may be more. */
function archiveOf({ layers, sha512 }: ImageRecord): string {
  return (layers.find(({ diffId }) => diffId === `sha512:${sha512}`) ?? layers[0]!).digest
}
