import { isRocketError } from '@rocket/contracts'
import { writeErr } from '@rocket/host'
import { configDirectories } from '../config/has-configuration.ts'
import type { Discovery } from '../discovery/ask-pages.ts'
import type { Session } from '../session.ts'

/**
 * Before an image is fetched by its name: when no key of a prefix counts for it yet, the server of the name is asked for its keys, and the person
 * at the terminal whether to trust them. What goes wrong here is only told: whether the image is signed by somebody trusted is decided later.
 * Reference: rkt, "Signatures".
 */
export async function obtainKeys(name: string, discovery: Discovery, session: Session): Promise<void> {
  const { insecure, trustKeysFromHttps = false } = session.request
  const { debug, warn } = session.context
  if (insecure.image) return
  const trust = await session.trust()
  const plan = trust.plan(name, { isWaived: false })
  if (!plan.requirements.some(({ kind }) => kind === 'openpgp')) return
  if ((await trust.readKeys(name)).some(({ scope }) => scope.kind === 'prefix')) {
    debug(`keys already exist for prefix ${JSON.stringify(name)}, not fetching again`)
    return
  }
  const [, configDirectory] = configDirectories()
  if (configDirectory === undefined) return
  if (insecure.tls && !insecure.pubkey) {
    debug(`keys for ${name} are not looked for while TLS is not verified: --insecure-options=pubkey allows it`)
    return
  }
  if (insecure.pubkey && (insecure.tls || insecure.http)) warn('signing keys may be downloaded from an insecure connection')

  // Standard output is for the answer: IDs of images, or an error document.
  const { openKeySource, openTerminal, trustKeys } = await import('../keys/keys.ts')
  const source = openKeySource({ ...discovery, allowHttp: insecure.http && insecure.pubkey })
  try {
    await trustKeys({
      scope: { kind: 'prefix', prefix: name }, locations: [], skipReview: false, trustHttps: trustKeysFromHttps, configDirectory,
    }, { terminal: { ...openTerminal(), print: (text) => void writeErr(text) }, ...source })
  } catch (error) {
    if (!isRocketError(error)) throw error
    warn(`${error.code === 'DISCOVERY_FAILED' ? 'error determining key location' : 'error adding keys'}: ${error.message}`)
  }
}
