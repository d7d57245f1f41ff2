import { RocketError } from '@rocket/contracts'

export type DigestAlgorithm = 'sha256' | 'sha512'

export interface Digest {
  algorithm: DigestAlgorithm
  hex: string
}

const hexLength: Record<DigestAlgorithm, number> = { sha256: 64, sha512: 128 }

/**
 * Checked before it becomes a path or a URL (CVE-2024-3727): the registered algorithms only, full length, lower case.
 * Throws DIGEST_INVALID. Spec: OCI image-spec, descriptor.md, "Digests".
 */
export function parseDigest(text: string): Digest {
  const match = text.length <= 7 + 128 ? /^(sha256|sha512):([0-9a-f]+)$/.exec(text) : null
  const algorithm = match?.[1] as DigestAlgorithm | undefined
  if (match === null || algorithm === undefined || match[2]!.length !== hexLength[algorithm]) {
    throw new RocketError('DIGEST_INVALID', {
      what: `${JSON.stringify(text.slice(0, 140))} is not a digest`,
      why: 'a digest is sha256: with 64, or sha512: with 128 lower-case hex digits',
    })
  }
  return { algorithm, hex: match[2]! }
}

export function isDigest(text: string): boolean {
  return /^(sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128})$/.test(text)
}

export function formatDigest(digest: Digest): string {
  return `${digest.algorithm}:${digest.hex}`
}
