import { join } from 'node:path'
import { basicAuthorization, type Login } from '../registry/login.ts'
import { configInvalid, isFields, readConfigFiles, type ConfigFile, type Fields } from './config-files.ts'
import type { Credentials } from './credentials.ts'

/**
 * The `auth.d` of each configuration directory, in the order system, local, user: a later directory overrides an earlier one, the same
 * host twice within one is refused. Throws CONFIG_INVALID with rkt's messages; no message holds a secret. Reference: rkt, "Configuration".
 */
export function loadCredentials(directories: readonly string[]): Credentials {
  const domains = new Map<string, string>()
  const registries = new Map<string, Login>()
  for (const directory of directories) {
    const layer: Layer = { domains: new Map(), registries: new Map() }
    for (const file of readConfigFiles(join(directory, 'auth.d'), ['auth', 'dockerAuth'])) readAuthFile(file, layer)
    for (const [host, header] of layer.domains) domains.set(host, header)
    for (const [host, login] of layer.registries) registries.set(host, login)
  }
  return { domains, registries }
}

interface Layer {
  domains: Map<string, string>
  registries: Map<string, Login>
}

function readAuthFile({ path, kind, fields }: ConfigFile, layer: Layer): void {
  const fail = (why: string): never => {
    throw configInvalid(`failed to parse ${JSON.stringify(path)}`, why)
  }
  const credentials = isFields(fields['credentials']) ? fields['credentials'] : {}
  if (kind === 'auth') {
    const hosts = textList(fields['domains'], fail, 'no domains specified')
    const header = domainHeader(fields['type'], credentials, fail)
    for (const host of hosts) set(layer.domains, host, header, () => fail(`auth for domain ${JSON.stringify(host)} is already specified`))
  } else {
    const hosts = textList(fields['registries'], fail, 'no registries specified')
    const login = basicLogin(credentials, fail)
    for (const host of hosts) set(
      layer.registries, host, login, () => fail(`credentials for docker registry ${JSON.stringify(host)} are already specified`),
    )
  }
}

function domainHeader(type: unknown, credentials: Fields, fail: (why: string) => never): string {
  switch (type) {
    case undefined: case '': return fail('no auth type specified')
    case 'basic': return headerOf(basicLogin(credentials, fail))
    case 'oauth': return `Bearer ${text(credentials['token'], fail, 'no oauth bearer token specified')}`
    case 'aws': return fail('auth type "aws" is not supported')
    default: return fail(`unknown auth type: ${JSON.stringify(type)}`)
  }
}

function basicLogin(credentials: Fields, fail: (why: string) => never): BasicLogin {
  return {
    kind: 'basic', user: text(credentials['user'], fail, 'user not specified'), password: text(credentials['password'], fail, 'password not specified'),
  }
}

type BasicLogin = Extract<Login, { kind: 'basic' }>

function headerOf({ user, password }: BasicLogin): string {
  return basicAuthorization(user, password)
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

function set<T>(map: Map<string, T>, host: string, value: T, refuse: () => never): void {
  if (map.has(host)) refuse()
  map.set(host, value)
}
