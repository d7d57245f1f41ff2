import { lstatSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { isErrno, RocketError } from '@rocket/contracts'
import { readFileCapped } from '@rocket/host'
import { basicAuthorization, type Credentials } from './credentials.ts'

/**
 * The `auth.d` of each configuration directory, in the order system, local, user: a later directory overrides an earlier one, the same
 * host twice within one is refused. Throws CONFIG_INVALID with rkt's messages; no message holds a secret. Reference: rkt, "Configuration".
 */
export function loadCredentials(directories: readonly string[]): Credentials {
  const domains = new Map<string, string>()
  const registries = new Map<string, string>()
  for (const directory of directories) {
    const layer = readLayer(join(directory, 'auth.d'))
    for (const [host, header] of layer.domains) domains.set(host, header)
    for (const [host, header] of layer.registries) registries.set(host, header)
  }
  return { domains, registries }
}

/** `RKT_CONFIG_DIRS`: colon-separated; empty parts are skipped. */
export function configDirectories(environment: NodeJS.ProcessEnv = process.env): string[] {
  return (environment['RKT_CONFIG_DIRS'] ?? '').split(':').filter((part) => part !== '')
}

interface MutableCredentials {
  domains: Map<string, string>
  registries: Map<string, string>
}

function readLayer(directory: string): MutableCredentials {
  const layer: MutableCredentials = { domains: new Map(), registries: new Map() }
  for (const name of listConfigFiles(directory)) readAuthFile(join(directory, name), directory, layer)
  return layer
}

/** Regular files named `*.json` only; links are left out, as rkt does. */
function listConfigFiles(directory: string): string[] {
  try {
    return readdirSync(directory, { withFileTypes: true }).filter(
      (entry) => entry.isFile() && entry.name.endsWith('.json')
    ).map((entry) => entry.name).sort()
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return []
    if (isErrno(error, 'ENOTDIR') && lstatSync(directory, { throwIfNoEntry: false }) !== undefined) throw invalid(
      `expected ${JSON.stringify(directory)} to be a directory`
    )
    throw error
  }
}

type Fields = Record<string, unknown>

function readAuthFile(path: string, directory: string, layer: MutableCredentials): void {
  const config = parseFields(path)
  const shown = JSON.stringify(path)
  const { rktKind: kind, rktVersion: version } = config
  if (typeof kind !== 'string' || kind === '') throw invalid(`no rktKind specified in ${shown}`)
  if (typeof version !== 'string' || version === '') throw invalid(`no rktVersion specified in ${shown}`)
  if (kind !== 'auth' && kind !== 'dockerAuth') {
    throw invalid(
      `the configuration directory ${JSON.stringify(directory)} expects to have configuration files of kinds "auth", "dockerAuth", `
      + `but ${shown} has kind of ${JSON.stringify(kind)}`,
    )
  }
  if (version !== 'v1') throw invalid(
    `no parser available for configuration of kind ${JSON.stringify(kind)} and version ${JSON.stringify(version)}`
  )
  const fail = (why: string): never => {
    throw invalid(`failed to parse ${shown}`, why)
  }
  const credentials = isFields(config['credentials']) ? config['credentials'] : {}
  if (kind === 'auth') {
    const hosts = textList(config['domains'], fail, 'no domains specified')
    const header = domainHeader(config['type'], credentials, fail)
    for (const host of hosts) set(layer.domains, host, header, () => fail(`auth for domain ${JSON.stringify(host)} is already specified`))
  } else {
    const hosts = textList(config['registries'], fail, 'no registries specified')
    const header = basicHeader(credentials, fail)
    for (const host of hosts) set(
      layer.registries, host, header, () => fail(`credentials for docker registry ${JSON.stringify(host)} are already specified`),
    )
  }
}

function domainHeader(type: unknown, credentials: Fields, fail: (why: string) => never): string {
  switch (type) {
    case undefined: case '': return fail('no auth type specified')
    case 'basic': return basicHeader(credentials, fail)
    case 'oauth': return `Bearer ${text(credentials['token'], fail, 'no oauth bearer token specified')}`
    case 'aws': return fail('auth type "aws" is not supported')
    default: return fail(`unknown auth type: ${JSON.stringify(type)}`)
  }
}

function basicHeader(credentials: Fields, fail: (why: string) => never): string {
  return basicAuthorization(
    text(credentials['user'], fail, 'user not specified'), text(credentials['password'], fail, 'password not specified'),
  )
}

/** A line break would end the header and begin another. */
function text(value: unknown, fail: (why: string) => never, missing: string): string {
  if (typeof value !== 'string' || value === '') return fail(missing)
  return /[\r\n\0]/.test(value) ? fail('a credential contains a line break') : value
}

function textList(value: unknown, fail: (why: string) => never, missing: string): string[] {
  if (!Array.isArray(value) || value.length === 0) return fail(missing)
  return value.every((item) => typeof item === 'string' && item !== '') ? value as string[] : fail(missing)
}

function set(map: Map<string, string>, host: string, header: string, refuse: () => never): void {
  if (map.has(host)) refuse()
  map.set(host, header)
}

function parseFields(path: string): Fields {
  let value: unknown
  try {
    value = JSON.parse(readFileCapped(path, 1 << 20).toString('utf8'))
  } catch (cause) {
    // The message of JSON.parse quotes the text, which holds secrets.
    throw invalid(`failed to parse ${JSON.stringify(path)}`, cause instanceof SyntaxError ? 'it is not JSON' : (cause as Error).message)
  }
  return isFields(value) ? value : {}
}

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function invalid(what: string, why?: string): RocketError {
  return new RocketError('CONFIG_INVALID', {
    what, ...(why === undefined ? {} : { why }), hint: 'auth.d of the configuration directories holds credentials, one JSON file each',
  })
}
