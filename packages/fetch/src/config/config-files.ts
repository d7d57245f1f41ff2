import { lstatSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { isErrno, RocketError } from '@rocket/contracts'
import { readFileCapped } from '@rocket/host'

export type Fields = Record<string, unknown>

export interface ConfigFile {
  path: string
  kind: string
  fields: Fields
}

/**
 * The files of one configuration directory, such as `/etc/rkt/auth.d`, by name: regular files named `*.json`, links left out, as rkt does.
 * Throws CONFIG_INVALID with rkt's messages; none quotes a file, which may hold secrets. Reference: rkt, "Configuration".
 */
export function readConfigFiles(directory: string, kinds: readonly string[]): ConfigFile[] {
  return listFiles(directory).map((name) => readConfigFile(join(directory, name), directory, kinds))
}

function listFiles(directory: string): string[] {
  try {
    return readdirSync(directory, { withFileTypes: true }).filter(
      (entry) => entry.isFile() && entry.name.endsWith('.json')
    ).map((entry) => entry.name).sort()
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return []
    if (isErrno(error, 'ENOTDIR') && lstatSync(directory, { throwIfNoEntry: false }) !== undefined) throw configInvalid(
      `expected ${JSON.stringify(directory)} to be a directory`
    )
    if (isErrno(error, 'EACCES')) throw configInvalid(`${directory} cannot be read`, (error as Error).message)
    throw error
  }
}

function readConfigFile(path: string, directory: string, kinds: readonly string[]): ConfigFile {
  const fields = parseFields(path)
  const shown = JSON.stringify(path)
  const { rktKind: kind, rktVersion: version } = fields
  if (typeof kind !== 'string' || kind === '') throw configInvalid(`no rktKind specified in ${shown}`)
  if (typeof version !== 'string' || version === '') throw configInvalid(`no rktVersion specified in ${shown}`)
  if (!kinds.includes(kind)) {
    throw configInvalid(
      `the configuration directory ${JSON.stringify(directory)} expects to have configuration files of kinds `
      + `${kinds.map((known) => JSON.stringify(known)).join(', ')}, but ${shown} has kind of ${JSON.stringify(kind)}`,
    )
  }
  if (version !== 'v1') throw configInvalid(
    `no parser available for configuration of kind ${JSON.stringify(kind)} and version ${JSON.stringify(version)}`
  )
  return { path, kind, fields }
}

export function parseFields(path: string): Fields {
  let value: unknown
  try {
    value = JSON.parse(readFileCapped(path, 1 << 20).toString('utf8'))
  } catch (cause) {
    // The message of JSON.parse quotes the text, which holds secrets.
    throw configInvalid(`failed to parse ${JSON.stringify(path)}`, cause instanceof SyntaxError ? 'it is not JSON' : (cause as Error).message)
  }
  return isFields(value) ? value : {}
}

export function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

export function configInvalid(what: string, why?: string): RocketError {
  return new RocketError('CONFIG_INVALID', {
    what, ...(why === undefined ? {} : { why }), hint: 'auth.d and registries.d of the configuration directories hold JSON files of a known kind',
  })
}
