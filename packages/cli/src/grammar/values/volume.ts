import { posix } from 'node:path'
import type { Volume } from '@rocket/contracts'
import { FlagValueError, type FlagKind } from '../flag.ts'
import { parseGoBool } from '../go-values.ts'
import { checkAcName } from './names.ts'
import { parseCommaQuery } from './query.ts'

/** `--volume`, repeatable. */
export const volumes: FlagKind<readonly Volume[]> = {
  initial: [],
  shownDefault: '',
  add(soFar, text) {
    const volume = parseVolume(text)
    if (soFar.some((other) => other.name === volume.name)) throw new FlagValueError(`duplicate volume name ${JSON.stringify(volume.name)}`)
    return [...soFar, volume]
  },
}

/**
 * `NAME,kind=host,source=/ABS[,readOnly=B][,recursive=B]` or `NAME,kind=empty[,mode=OCTAL][,uid=N][,gid=N]…`, as the appc specification
 * has them.
 */
export function parseVolume(text: string): Volume {
  try {
    return volumeOf(parseCommaQuery(`name=${text}`))
  } catch (error) {
    if (!(error instanceof FlagValueError)) throw error
    throw new FlagValueError(`invalid value in --volume flag ${JSON.stringify(text)}: ${error.message}`)
  }
}

const keys = ['name', 'kind', 'source', 'readOnly', 'recursive', 'mode', 'uid', 'gid']

function volumeOf(given: Map<string, string>): Volume {
  for (const key of given.keys()) {
    if (!keys.includes(key)) throw new FlagValueError(`unknown volume parameter ${JSON.stringify(key)}`)
  }
  const name = given.get('name') ?? ''
  if (name === '') throw new FlagValueError('name must be set')
  const common = { name: checkAcName(name), ...optionalBool(given, 'readOnly'), ...optionalBool(given, 'recursive') }
  switch (given.get('kind')) {
    case 'host':
      return { kind: 'host', ...common, source: hostSource(given) }
    case 'empty':
      return { kind: 'empty', ...common, ...emptyFields(given) }
    default:
      throw new FlagValueError('unrecognized volume kind: should be one of "empty", "host"')
  }
}

function hostSource(given: Map<string, string>): string {
  for (const key of ['mode', 'uid', 'gid']) {
    if (given.has(key)) throw new FlagValueError(`${key} for host volume cannot be set`)
  }
  const source = given.get('source') ?? ''
  if (source === '') throw new FlagValueError('source for host volume cannot be empty')
  if (!source.startsWith('/')) throw new FlagValueError('source for host volume must be absolute path')
  return cleanPath(source)
}

function emptyFields(given: Map<string, string>): { mode?: string; uid?: number; gid?: number } {
  if ((given.get('source') ?? '') !== '') throw new FlagValueError('source for empty volume must be empty')
  const mode = given.get('mode')
  if (mode !== undefined && !/^[0-7]{3,4}$/.test(mode))
    throw new FlagValueError(`invalid mode ${JSON.stringify(mode)}: must be an octal number`)
  return { ...(mode === undefined ? {} : { mode }), ...optionalId(given, 'uid'), ...optionalId(given, 'gid') }
}

function optionalBool(given: Map<string, string>, key: string): object {
  const text = given.get(key)
  return text === undefined ? {} : { [key]: parseGoBool(text) }
}

function optionalId(given: Map<string, string>, key: string): object {
  const text = given.get(key)
  if (text === undefined) return {}
  if (!/^[0-9]{1,10}$/.test(text) || Number(text) > 4294967294) throw new FlagValueError(`invalid ${key} ${JSON.stringify(text)}`)
  return { [key]: Number(text) }
}

/** Absolute, without empty components, `.` and `..`, and without a slash at the end. */
export function cleanPath(path: string): string {
  const clean = posix.normalize(path.replace(/^\/+/, '/'))
  return clean.length > 1 ? clean.replace(/\/$/, '') : clean
}
