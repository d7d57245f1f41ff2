import type { SignatureRequirement } from '@rocket/contracts'
import type { TrustedKeyFile } from '../key-store/read-trusted-keys.ts'
import { formatScope } from '../key-store/key-files.ts'
import { withDefaultRegistry } from './default-registry.ts'
import type { LocatedRule } from './read-policy.ts'

export interface VerificationQuestion {
  /** Of the image: appc's, or `REGISTRY/REPOSITORY`. */
  name: string
  /** `--insecure-options=image` was given. */
  isWaived: boolean
  rules: readonly LocatedRule[]
  /** Those that count for the name. */
  keys: readonly TrustedKeyFile[]
  /** The name is only what an archive says of itself: it can ask for a signature, never go without. */
  isClaimed?: boolean
}

export interface VerificationPlan {
  name: string
  /** Take it as it is, take it when one requirement is met, or refuse it. */
  verdict: 'accept' | 'verify' | 'reject'
  /** Why, in a sentence's worth. */
  reason: string
  /** Of which one must be met. */
  requirements: SignatureRequirement[]
  /** How the verdict came about, one question after the other. */
  steps: { question: string; answer: string }[]
}

/**
 * What an image of this name must have. The rule with the longest prefix counts, alone; where there is none, OpenPGP keys of the key store
 * decide, as in rkt, for OCI images too. Pure.
 */
export function planVerification(question: VerificationQuestion): VerificationPlan {
  const name = withDefaultRegistry(question.name)
  const steps: VerificationPlan['steps'] = []
  const ask = (what: string, answer: string): void => void steps.push({ question: what, answer })
  const end = (verdict: VerificationPlan['verdict'], reason: string, requirements: SignatureRequirement[] = []): VerificationPlan => {
    ask('verdict', `${verdict}: ${reason}`)
    return { name, verdict, reason, requirements, steps }
  }

  ask('are checks turned off?', question.isWaived ? 'yes, by --insecure-options=image' : 'no')
  if (question.isWaived) return end('accept', '--insecure-options=image')

  const matching = question.rules.filter(({ prefix }) => hasPrefix(name, prefix)).toSorted((one, other) => other.prefix.length - one.prefix.length)
  const [rule] = matching
  ask('which rules does the policy have for the name?', matching.length === 0 ? 'none' : matching.map(showRule).join(', '))
  if (rule === undefined) ask('what holds without a rule?', 'an OpenPGP key that `rkt trust` stored for the name must have signed')
  else if (matching.length > 1) ask('which of them counts?', `${showPrefix(rule.prefix)}, the longest prefix`)

  const why = rule === undefined ? 'no rule of a policy, so the key store decides' : `rule for ${showPrefix(rule.prefix)} in ${rule.file}`
  if (rule?.require === 'reject') return end('reject', why)
  if (rule?.require === 'nothing') {
    if (question.isClaimed !== true) return end('accept', why)
    ask('is the name more than a claim of the archive?', 'no, and a claim cannot do without a signature: the key store decides')
  }

  const requirements = rule === undefined || rule.require === 'nothing' ? [{ kind: 'openpgp' as const }] : rule.require
  for (const requirement of requirements) ask('what suffices?', showRequirement(requirement))
  const keys = requirements.flatMap((requirement) => (requirement.kind === 'openpgp' ? keysFor(requirement, question.keys) : []))
  if (requirements.some(({ kind }) => kind === 'openpgp')) {
    ask('which OpenPGP keys are trusted for the name?', keys.length === 0 ? 'none' : keys.map(showKey).join(', '))
  }
  const isHopeless = keys.length === 0 && requirements.every(({ kind }) => kind === 'openpgp')
  return isHopeless ? end('reject', `${why}, and no key is trusted for it`, requirements) : end('verify', why, requirements)
}

/** Of the keys that count for a name, those that a requirement admits. */
export function keysFor<K extends { fingerprint: string }>({ fingerprints }: { fingerprints?: string[] | undefined }, keys: readonly K[]): K[] {
  return keys.filter((key) => fingerprints === undefined || fingerprints.includes(key.fingerprint))
}

/** A prefix ends where a component of the name ends. */
function hasPrefix(name: string, prefix: string): boolean {
  return prefix === '' || name === prefix || name.startsWith(`${prefix}/`)
}

function showRule({ prefix, file }: LocatedRule): string {
  return `${showPrefix(prefix)} (${file})`
}

function showPrefix(prefix: string): string {
  return prefix === '' ? 'every image' : prefix
}

function showKey({ fingerprint, scope, path }: TrustedKeyFile): string {
  return `${fingerprint} for ${formatScope(scope)} (${path})`
}

function showRequirement(requirement: SignatureRequirement): string {
  switch (requirement.kind) {
    case 'openpgp': {
      const { fingerprints } = requirement
      return `an OpenPGP signature by a trusted key${fingerprints === undefined ? '' : `, one of ${fingerprints.join(', ')}`}`
    }
    case 'sigstoreKey': {
      const log = requirement.trustedRoot === undefined ? '' : `, in a transparency log of ${requirement.trustedRoot}`
      return `a sigstore signature with the key ${requirement.key}${log}`
    }
    case 'sigstoreIdentity': {
      return `a sigstore signature by ${requirement.identity}, vouched for by ${requirement.issuer}, under ${requirement.trustedRoot}`
    }
  }
}
