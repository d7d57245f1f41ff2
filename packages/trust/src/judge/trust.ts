import { readFileCapped } from '@rocket/host'
import { RocketError } from '@rocket/contracts'
import { findTrustedKeyFiles, readTrustedKeys, type TrustedKey } from '../key-store/read-trusted-keys.ts'
import { largestKeyBytes } from '../openpgp/read-public-key.ts'
import { planVerification, type VerificationPlan } from '../policy/plan-verification.ts'
import { withDefaultRegistry } from '../policy/default-registry.ts'
import { readPolicy } from '../policy/read-policy.ts'
import type { SigstoreTrust } from '../sigstore/sigstore-trust.ts'
import type { SigstoreRequirement } from '../sigstore/verify-signature.ts'

/** Whom the configuration of this machine trusts. */
export interface Trust {
  /** Throws CONFIG_INVALID when the policy cannot be read. */
  plan(name: string, options: { isWaived: boolean; isClaimed?: boolean }): VerificationPlan
  /** OpenPGP keys for a name. Throws KEY_INVALID. */
  readKeys(name: string): Promise<TrustedKey[]>
  /** The files that a requirement names. Throws CONFIG_INVALID. */
  readMaterial(requirement: SigstoreRequirement): SigstoreTrust
}

/** Largest real ones are some ten kilobytes. */
const largestRootBytes = 4 << 20

/** `directories` are the configuration directories, in the order system, local, user; the user's holds policies and no keys, as in rkt. */
export function openTrust(directories: readonly string[]): Trust {
  const keyDirectories = directories.slice(0, 2)
  let read: ReturnType<typeof readPolicy> | undefined
  const rules = (): ReturnType<typeof readPolicy> => (read ??= readPolicy(directories))
  return {
    plan: (name, options) => planVerification({
      name, rules: rules(), keys: findTrustedKeyFiles(keyDirectories, withDefaultRegistry(name)), ...options,
    }),
    readKeys: (name) => readTrustedKeys(keyDirectories, withDefaultRegistry(name)),
    readMaterial: (requirement) => ({
      ...(requirement.kind === 'sigstoreKey' ? { key: readNamed(requirement.key, largestKeyBytes) } : {}),
      ...(requirement.trustedRoot === undefined ? {} : { trustedRoot: readNamed(requirement.trustedRoot, largestRootBytes) }),
    }),
  }
}

function readNamed(path: string, maxBytes: number): Buffer {
  try {
    return readFileCapped(path, maxBytes)
  } catch (cause) {
    throw new RocketError('CONFIG_INVALID', { what: `${path}, which the image policy names, cannot be read`, why: (cause as Error).message, cause })
  }
}
