import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { RocketError } from '@rocket/contracts'
import { describing, writeFileAtomic } from '@rocket/host'
import type { PublicKey } from '../openpgp/read-public-key.ts'
import { withDefaultRegistry } from '../policy/default-registry.ts'
import { isComponent, keyDirectory, type KeyScope } from './key-files.ts'

/**
 * Puts a key where it is trusted, in the local configuration directory; returns its path. Repeatable. An empty file in its place, which
 * disabled it, is replaced. Throws IMAGE_REFERENCE_INVALID for a prefix that no name can have.
 */
export function storeKey(configDirectory: string, scope: KeyScope, key: PublicKey): string {
  if (scope.kind === 'prefix') checkPrefix(scope.prefix)
  const directory = keyDirectory(configDirectory, scope.kind === 'root' ? scope : { ...scope, prefix: withDefaultRegistry(scope.prefix) })
  return describing(`cannot store the key in ${directory}`, () => {
    mkdirSync(directory, { recursive: true, mode: 0o755 })
    const path = join(directory, key.fingerprint)
    writeFileAtomic(path, key.armored, { sync: true, mode: 0o644 })
    return path
  })
}

/** Before it becomes part of a path. Throws IMAGE_REFERENCE_INVALID. */
export function checkPrefix(prefix: string): void {
  if (prefix === '') throw invalid(prefix, 'empty prefix')
  if (/^[a-z+.-]+:\/\//.test(prefix)) throw invalid(prefix, 'prefix must not contain a URL scheme, omit X://')
  if (prefix.split('/').every(isComponent)) return
  throw invalid(prefix, 'a prefix is the beginning of image names: lower-case letters, digits and -._~: between single slashes')
}

function invalid(prefix: string, why: string): RocketError {
  return new RocketError('IMAGE_REFERENCE_INVALID', {
    what: `${JSON.stringify(prefix)} cannot be the prefix of a key`, why, hint: 'write it as example.com/team; --root trusts a key for every image',
  })
}
