import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { isErrno, RocketError } from '@rocket/contracts'
import { isThere } from '@rocket/host'

export interface ConfigFile {
  path: string
  kind: string
  value: Readonly<Record<string, unknown>>
}

/**
 * The files of one kind directory (`paths.d`, `stages.d`) of one configuration layer, by name. As in rkt: regular files that end in
 * `.json`, directly in the directory; a directory that is not there is empty. Throws CONFIG_INVALID with rkt's words.
 */
export function readConfigFiles(layer: string, directory: string, kinds: readonly string[]): ConfigFile[] {
  const path = join(layer, directory)
  let entries
  try {
    if (!isThere(path)) return []
    entries = readdirSync(path, { withFileTypes: true })
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return []
    if (isErrno(error, 'ENOTDIR')) throw invalid(path, `expected "${path}" to be a directory`)
    throw invalid(path, (error as Error).message)
  }
  const names = entries.filter((entry) => entry.isFile() && entry.name.endsWith('.json')).map((entry) => entry.name)
  return names.sort().map((name) => readConfigFile(join(path, name), path, kinds))
}

function readConfigFile(path: string, directory: string, kinds: readonly string[]): ConfigFile {
  let value: unknown
  try {
    value = JSON.parse(readFileSync(path, 'utf8'))
  } catch (error) {
    throw invalid(path, `failed to parse "${path}": ${(error as Error).message}`)
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw invalid(path, `failed to parse "${path}": it is not an object`)
  const fields = value as Record<string, unknown>
  const { rktKind: kind, rktVersion: version } = fields
  if (typeof kind !== 'string' || kind === '') throw invalid(path, `no rktKind specified in "${path}"`)
  if (typeof version !== 'string' || version === '') throw invalid(path, `no rktVersion specified in "${path}"`)
  if (!kinds.includes(kind)) {
    const wanted = kinds.map((one) => `"${one}"`).join(', ')
    throw invalid(path, `the configuration directory "${directory}" expects to have configuration files of kinds ${wanted}, but "${path}" has kind of "${kind}"`)
  }
  if (version !== 'v1') throw invalid(path, `no parser available for configuration of kind "${kind}" and version "${version}"`)
  return { path, kind, value: fields }
}

export function invalid(path: string, why: string): RocketError {
  return new RocketError('CONFIG_INVALID', { what: 'cannot get configuration', why, hint: `mend or remove ${path}` })
}
