import { RocketError } from '@rocket/contracts'
import { digestOf } from '@rocket/host'
import { parseDigest } from '@rocket/image'

/** Throws IMAGE_DIGEST_MISMATCH unless `bytes` are what the digest, and the size where one is given, announced. */
export function verifyBytes(bytes: Buffer, expected: { digest: string; size?: number }, what: string): void {
  const { algorithm } = parseDigest(expected.digest)
  const got = `${algorithm}:${digestOf(algorithm, bytes)}`
  const hasOtherSize = expected.size !== undefined && expected.size !== bytes.length
  if (got === expected.digest && !hasOtherSize) return
  throw new RocketError('IMAGE_DIGEST_MISMATCH', {
    what: `${what} ${expected.digest} was not used`,
    why: hasOtherSize ? `${expected.size} bytes were announced and ${bytes.length} came` : `the bytes received hash to ${got}`,
    hint: 'fetch it again; if it persists, the server holds other content than it says',
  })
}
