import { RocketError } from '@rocket/contracts'
import { checkPrefix, readPublicKeys, storeKey, type KeyScope } from '@rocket/trust'
import { showKey, reviewKey } from './review-key.ts'
import type { Terminal } from './terminal.ts'

export interface TrustRequest {
  scope: KeyScope
  /** Files and URLs; none: discovery for the prefix says where they are. */
  locations: readonly string[]
  /** `--skip-fingerprint-review`. */
  skipReview: boolean
  /** `--trust-keys-from-https`. */
  trustHttps: boolean
  /** Where keys are stored: the local configuration directory. */
  configDirectory: string
}

export interface TrustMeans {
  terminal: Terminal
  read(location: string): Promise<Buffer>
  discover(prefix: string): Promise<string[]>
}

/**
 * Stores keys that somebody looked at, or asked not to. Returns where they are now. A refused key is none and no failure. Everything is read
 * before the first question. Throws KEY_INVALID, KEY_NOT_TRUSTED, DISCOVERY_FAILED, IMAGE_REFERENCE_INVALID. Reference: rkt, "rkt trust".
 */
export async function trustKeys(request: TrustRequest, { terminal, read, discover }: TrustMeans): Promise<string[]> {
  const { scope, skipReview, trustHttps, configDirectory } = request
  const prefix = scope.kind === 'root' ? '' : scope.prefix
  if (scope.kind === 'prefix') checkPrefix(prefix)
  const locations = request.locations.length > 0 ? request.locations : await discover(prefix)
  if (locations.length === 0) throw new RocketError('DISCOVERY_FAILED', { what: `meta discovery on ${prefix} resulted in no keys` })
  const found = await Promise.all(locations.map(async (location) => ({ location, keys: await readPublicKeys(await read(location), location) })))

  const stored: string[] = []
  for (const { location, keys } of found) {
    const isAccepted = skipReview || (trustHttps && location.startsWith('https://'))
    if (isAccepted) showKey({ keys, location, prefix }, terminal)
    else if (!reviewKey({ keys, location, prefix }, terminal)) {
      terminal.say(`not trusting ${JSON.stringify(location)}`)
      continue
    }
    terminal.say(`Trusting ${JSON.stringify(location)} for prefix ${JSON.stringify(prefix)} ${isAccepted ? 'without' : 'after'} fingerprint review.`)
    for (const key of keys) {
      const path = storeKey(configDirectory, scope, key)
      terminal.say(scope.kind === 'root' ? `Added root key at ${JSON.stringify(path)}` : `Added key for prefix ${JSON.stringify(prefix)} at ${JSON.stringify(path)}`)
      stored.push(path)
    }
  }
  return stored
}
