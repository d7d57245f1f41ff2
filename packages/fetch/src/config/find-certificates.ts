import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { isErrno } from '@rocket/contracts'
import type { TlsMaterial } from '../http/secure-context.ts'
import { configInvalid } from './config-files.ts'

/**
 * What `certs.d/HOST[:PORT]` of the configuration directories holds for a host, in docker's layout: `*.crt` are authorities, those of all
 * directories together; `NAME.cert` with `NAME.key` is who we are, from the last directory that has one. Undefined when there is nothing.
 * Throws CONFIG_INVALID for one without the other, and for what cannot be read.
 */
export function findCertificates(directories: readonly string[], host: string): TlsMaterial | undefined {
  // What a server names becomes a path here.
  if (!/^[A-Za-z0-9[][A-Za-z0-9.:[\]-]*$/.test(host)) return undefined
  const authorities: string[] = []
  let client: TlsMaterial['client']
  let source = ''
  for (const directory of directories.map((path) => join(path, 'certs.d', host))) {
    const names = list(directory)
    for (const name of names.filter((entry) => entry.endsWith('.crt'))) authorities.push(read(join(directory, name)))
    const own = pairOf(directory, names)
    if (own !== undefined) client = { cert: read(join(directory, `${own}.cert`)), key: read(join(directory, `${own}.key`)) }
    if (names.length > 0) source = directory
  }
  return authorities.length === 0 && client === undefined ? undefined : { source, authorities, ...(client === undefined ? {} : { client }) }
}

/** The first by name, as one connection has one. */
function pairOf(directory: string, names: readonly string[]): string | undefined {
  const stems = (suffix: string): string[] => names.filter((name) => name.endsWith(suffix)).map((name) => name.slice(0, -suffix.length))
  const [certs, keys] = [stems('.cert'), stems('.key')]
  const lacks = [
    ...certs.filter((name) => !keys.includes(name)).map((name) => `${name}.key`),
    ...keys.filter((name) => !certs.includes(name)).map((name) => `${name}.cert`),
  ]
  if (lacks.length > 0) throw configInvalid(`the certificates in ${directory} cannot be used`, `${lacks.join(', ')} is missing`)
  return certs[0]
}

function list(directory: string): string[] {
  try {
    return readdirSync(directory).sort()
  } catch (error) {
    if (isErrno(error, 'ENOENT', 'ENOTDIR')) return []
    throw configInvalid(`${directory} cannot be read`, (error as Error).message)
  }
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    throw configInvalid(`${path} cannot be read`, (error as Error).message)
  }
}
