import type { PublicKey } from './read-public-key.ts'

/**
 * A key as rkt shows it before it asks: the fingerprint in groups of four, subkeys, user IDs. Control characters of strangers do not
 * reach the terminal. Reference: rkt, "rkt trust".
 */
export function formatKeyReview({ fingerprint, subkeys, identities }: PublicKey): string {
  return [
    `gpg key fingerprint is: ${groupFingerprint(fingerprint)}`,
    ...subkeys.map((subkey) => `    Subkey fingerprint: ${groupFingerprint(subkey)}`),
    ...identities.map((identity) => `\t${printable(identity)}`),
    '',
  ].join('\n')
}

/** `XXXX XXXX …`, upper case, a double space in the middle. */
export function groupFingerprint(fingerprint: string): string {
  const groups = fingerprint.toUpperCase().match(/.{1,4}/g) ?? []
  const middle = Math.ceil(groups.length / 2)
  return `${groups.slice(0, middle).join(' ')}  ${groups.slice(middle).join(' ')}`
}

/** Without what a terminal would obey. */
export function printable(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}]/gu, '?')
}
