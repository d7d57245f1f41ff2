import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { openStore, type Store } from '@rocket/store'
import { configInvalid, readConfigFiles } from './config-files.ts'

/**
 * The stores that `store.d` names under `additional`, in the order in which they are asked; those that are not there (a disk that is not
 * mounted) are passed over. Throws CONFIG_INVALID, and STORE_UNSAFE for one that others can write to.
 */
export function additionalStores(directories: readonly string[]): Store[] {
  const named = directories.flatMap((directory) => (
    readConfigFiles(join(directory, 'store.d'), ['store']).flatMap(({ path, fields }) => pathsOf(path, fields['additional']))
  ))
  return [...new Set(named)].filter((path) => existsSync(path)).map((path) => openStore(path))
}

function pathsOf(file: string, value: unknown): string[] {
  if (value === undefined) return []
  if (Array.isArray(value) && value.every((path): path is string => typeof path === 'string' && path.startsWith('/'))) return value
  throw configInvalid(`failed to parse ${JSON.stringify(file)}`, 'additional must be a list of absolute paths of stores')
}
