import { execFileSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { isRocketError, type ErrorCode } from '@rocket/contracts'

/** Why these tests cannot run here, or false. */
export const missingGpg: string | false = existsSync('/usr/bin/gpg') ? false : "needs Debian's gpg: apt-get install gnupg"

export interface SignOptions {
  armor?: boolean
  textmode?: boolean
  /** When the signature runs out, in gpg's words: `1d`. */
  expires?: string
}

/** Somebody with a key of their own in a keyring of their own. */
export interface TestSigner {
  fingerprint: string
  /** Armored. */
  publicKey: Buffer
  privateKey(): Buffer
  sign(bytes: Uint8Array, options?: SignOptions): Buffer
}

/** Made by gpg, ended with the test. */
export function makeSigner(
  t: { after(fn: () => void): void }, identity: string, algorithm = 'ed25519', options: { subkey?: boolean; expires?: string } = {},
): TestSigner {
  // gpg's agent has its socket in the directory, and the name of a socket is short.
  const home = mkdtempSync(join(tmpdir(), 'rkt-gpg-'))
  const gpg = (args: readonly string[], input?: Uint8Array): Buffer => execFileSync(
    'gpg', ['--homedir', home, '--batch', '--yes', '--quiet', '--pinentry-mode', 'loopback', '--passphrase', '', ...args],
    { input: input ?? '', stdio: ['pipe', 'pipe', 'pipe'], maxBuffer: 64 << 20 },
  )
  t.after(() => {
    execFileSync('gpgconf', ['--homedir', home, '--kill', 'all'], { stdio: 'ignore' })
    rmSync(home, { recursive: true, force: true })
  })
  gpg(['--quick-generate-key', identity, algorithm, 'cert,sign', options.expires ?? 'never'])
  const listed = gpg(['--list-keys', '--with-colons']).toString()
  const fingerprint = /^fpr:+([0-9A-F]{40}):/m.exec(listed)![1]!
  if (options.subkey === true) gpg(['--quick-add-key', fingerprint, algorithm, 'sign', 'never'])
  const file = join(home, 'signed')
  return {
    fingerprint: fingerprint.toLowerCase(),
    publicKey: gpg(['--export', '--armor']),
    privateKey: () => gpg(['--export-secret-keys', '--armor']),
    sign: (bytes, { armor = true, textmode = false, expires } = {}) => {
      writeFileSync(file, bytes)
      gpg([
        ...(armor ? ['--armor'] : []), ...(textmode ? ['--textmode'] : []), ...(expires === undefined ? [] : ['--default-sig-expire', expires]),
        '--output', `${file}.sig`, '--detach-sign', file,
      ])
      return readFileSync(`${file}.sig`)
    },
  }
}

/** A predicate for `assert.rejects`: this code, and a message like this. */
export function hasCode(code: ErrorCode, message?: RegExp): (error: unknown) => boolean {
  return (error) => {
    if (!isRocketError(error, code)) throw error
    if (message !== undefined && !message.test(error.message)) throw new Error(`${error.message} is not like ${String(message)}`)
    return true
  }
}
