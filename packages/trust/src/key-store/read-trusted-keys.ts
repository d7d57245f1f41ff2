import { readFileCapped } from '@rocket/host'
import { keyInvalid, largestKeyBytes, readPublicKeys, type PublicKey } from '../openpgp/read-public-key.ts'
import { keyDirectory, listKeyFiles, prefixesOf, type KeyFile, type KeyScope } from './key-files.ts'

export interface TrustedKey extends PublicKey {
  path: string
  scope: KeyScope
}

/** A key file that counts, before it is read: what `planVerification` shows. */
export interface TrustedKeyFile extends KeyFile {
  scope: KeyScope
}

/**
 * The key files that count for an image name, in rkt's order: root keys, then those of each prefix, of one configuration directory after
 * the other. An empty file of a later one masks the key with its name in an earlier one. `directories` are the system's and the local
 * one; the user's is not asked. Unlike rkt, a prefix ends where a component of the name ends.
 */
export function findTrustedKeyFiles(directories: readonly string[], name: string): TrustedKeyFile[] {
  const scopes: KeyScope[] = prefixesOf(name).map((prefix) => ({ kind: 'prefix', prefix }))
  const found = new Map<string, TrustedKeyFile>()
  for (const group of [[{ kind: 'root' } satisfies KeyScope], scopes]) {
    for (const directory of directories) {
      for (const scope of group) {
        for (const file of listKeyFiles(keyDirectory(directory, scope))) {
          found.delete(file.fingerprint)
          found.set(file.fingerprint, { ...file, scope })
        }
      }
    }
  }
  return [...found.values()].filter((file) => !file.isEmpty)
}

/** Reads them. Throws KEY_INVALID for any that is no key, or whose name is not its fingerprint: verification must not guess. */
export async function readTrustedKeys(directories: readonly string[], name: string): Promise<TrustedKey[]> {
  return Promise.all(findTrustedKeyFiles(directories, name).map(readKeyFile))
}

async function readKeyFile({ path, fingerprint, scope }: TrustedKeyFile): Promise<TrustedKey> {
  // A file may hold more keys; its name vouches for the first.
  const [key] = await readPublicKeys(readFileCapped(path, largestKeyBytes), path)
  if (key?.fingerprint === fingerprint) return { ...key, path, scope }
  throw keyInvalid(path, `fingerprint mismatch: the file is named ${fingerprint}, its key is ${key!.fingerprint}`)
}
