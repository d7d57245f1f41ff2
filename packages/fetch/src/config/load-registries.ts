import { join } from 'node:path'
import { RegistriesConfig } from '@rocket/contracts/schemas'
import { canonicalHost } from '../docker-reference.ts'
import { configInvalid, readConfigFiles } from './config-files.ts'

/** What `registries.d` says, all layers together; names with `docker.io` say `registry-1.docker.io`. */
export interface Registries {
  /** By host: may plain http be used, and which token servers may have the login. */
  hosts: ReadonlyMap<string, HostSettings>
  aliases: ReadonlyMap<string, string>
  defaults: ReadonlyMap<string, string>
  mirrors: ReadonlyMap<string, readonly Mirror[]>
  deadlineSeconds: number
}

interface HostSettings {
  http: boolean
  tokenServers: readonly string[]
}

export interface Mirror {
  location: string
  /** Believed about tags, not only about content that a digest names. */
  tags: boolean
}

/** Registries that everybody knows have their token servers elsewhere. */
const knownTokenServers: Readonly<Record<string, readonly string[]>> = {
  'registry-1.docker.io': ['https://auth.docker.io'],
  'registry.gitlab.com': ['https://gitlab.com'],
}

/** Throws CONFIG_INVALID, naming the file, the field and the reason, and when one directory says the same thing twice. */
export function loadRegistries(directories: readonly string[]): Registries {
  const all = {
    hosts: new Map<string, HostSettings>(), aliases: new Map<string, string>(), defaults: new Map<string, string>(),
    mirrors: new Map<string, readonly Mirror[]>(), deadlineSeconds: 6 * 3600,
  } satisfies Registries
  for (const [host, tokenServers] of Object.entries(knownTokenServers)) all.hosts.set(host, { http: false, tokenServers })
  for (const directory of directories) {
    const seen = new Set<string>()
    for (const { path, fields } of readConfigFiles(join(directory, 'registries.d'), ['registries'])) {
      const put = <T>(map: Map<string, T>, what: string, key: string, value: T): void => {
        if (seen.has(`${what} ${key}`)) {
          throw configInvalid(`failed to parse ${JSON.stringify(path)}`, `${what} ${JSON.stringify(key)} is already specified`)
        }
        seen.add(`${what} ${key}`)
        map.set(key, value)
      }
      const config = parse(path, fields)
      for (const { registry, http = false, tokenServers = [] } of config.registries ?? []) {
        const host = canonical(registry)
        const origins = tokenServers.map((server) => new URL(server).origin)
        put(all.hosts, 'registry', host, { http, tokenServers: [...knownTokenServers[host] ?? [], ...origins] })
      }
      for (const [name, repository] of Object.entries(config.aliases ?? {})) put(all.aliases, 'alias', name, canonical(repository))
      for (const { prefix, registry } of config.defaultRegistries ?? []) put(all.defaults, 'default registry of', prefix, canonical(registry))
      for (const { prefix, mirrors } of config.mirrors ?? []) {
        const inOrder = mirrors.map(({ location, tags = false }) => ({ location: canonical(location), tags }))
        put(all.mirrors, 'mirrors of', canonical(prefix), inOrder)
      }
      if (config.deadlineSeconds !== undefined) all.deadlineSeconds = config.deadlineSeconds
    }
  }
  return all
}

function parse(path: string, fields: unknown): RegistriesConfig {
  const result = RegistriesConfig.safeParse(fields)
  if (result.success) return result.data
  const faults = result.error.issues.slice(0, 20).map(({ path: at, message }) => `/${at.join('/')}: ${message}`)
  throw configInvalid(`failed to parse ${JSON.stringify(path)}`, faults.join('; '))
}

function canonical(place: string): string {
  const [host = '', ...rest] = place.split('/')
  return [canonicalHost(host), ...rest].join('/')
}
