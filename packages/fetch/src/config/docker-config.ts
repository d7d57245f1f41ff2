import { statSync } from 'node:fs'
import { join } from 'node:path'
import { defaultRegistry } from '../docker-reference.ts'
import type { Login } from '../registry/login.ts'
import { configInvalid, isFields, parseFields, type Fields } from './config-files.ts'
import { askHelper } from './credential-helper.ts'

/** docker's name for its own registry, in its configuration and towards helpers. */
const dockerHub = {
  registry: defaultRegistry, server: 'https://index.docker.io/v1/', hosts: ['index.docker.io', 'docker.io', defaultRegistry],
}

/** `$DOCKER_CONFIG/config.json`, or `$HOME/.docker/config.json`; undefined when there is none. */
export function findDockerConfig(environment: NodeJS.ProcessEnv = process.env): string | undefined {
  const { DOCKER_CONFIG: directory, HOME: home } = environment
  const path = directory !== undefined && directory !== '' ? join(directory, 'config.json')
    : home !== undefined && home !== '' ? join(home, '.docker/config.json') : undefined
  return path !== undefined && statSync(path, { throwIfNoEntry: false })?.isFile() === true ? path : undefined
}

/**
 * The login that docker's configuration has for a registry: its own helper (`credHelpers`), else what the store of all (`credsStore`)
 * knows, else `auths`. A store that cannot be asked is told to `warn` and passed over; a helper for this very registry must answer. Throws
 * CONFIG_INVALID, which quotes nothing of the file. Reference: docker, "docker login", "Credential stores".
 */
export function findDockerLogin(path: string, registry: string, warn: (message: string) => void): Login | undefined {
  const config = parseFields(path)
  const helpers = isFields(config['credHelpers']) ? config['credHelpers'] : {}
  const own = namesOf(registry).map((name) => helpers[name]).find((name) => name !== undefined)
  const server = registry === dockerHub.registry ? dockerHub.server : registry
  if (own !== undefined) {
    requireOurs(path)
    return askHelper(String(own), server)
  }
  const store = config['credsStore']
  if (typeof store === 'string' && store !== '') {
    try {
      requireOurs(path)
      const found = askHelper(store, server)
      if (found !== undefined) return found
    } catch (error) {
      warn(`${path}: ${(error as Error).message}`)
    }
  }
  return isFields(config['auths']) ? findAuth(config['auths'], registry, path) : undefined
}

function findAuth(auths: Fields, registry: string, path: string): Login | undefined {
  const names = namesOf(registry)
  const entry = names.map((name) => auths[name]).find(isFields)
    ?? Object.entries(auths).find(([key, value]) => names.includes(hostOf(key)) && isFields(value))?.[1] as Fields | undefined
  if (entry === undefined) return undefined
  const { identitytoken, registrytoken, auth, username, password } = entry
  if (isText(identitytoken)) return { kind: 'identity', token: oneLine(identitytoken, path) }
  if (isText(registrytoken)) return { kind: 'bearer', token: oneLine(registrytoken, path) }
  if (isText(username) && isText(password)) return { kind: 'basic', user: oneLine(username, path), password: oneLine(password, path) }
  if (!isText(auth)) return undefined
  const decoded = Buffer.from(auth, 'base64').toString('utf8')
  const colon = decoded.indexOf(':')
  if (colon < 1) throw configInvalid(`failed to parse ${JSON.stringify(path)}`, `auth of ${registry} is not USER:PASSWORD in base64`)
  return { kind: 'basic', user: oneLine(decoded.slice(0, colon), path), password: oneLine(decoded.slice(colon + 1).replace(/\0+$/, ''), path) }
}

function namesOf(registry: string): string[] {
  return registry === dockerHub.registry ? [dockerHub.server, ...dockerHub.hosts] : [registry, `https://${registry}`]
}

/** Keys were once URLs, with paths of an older protocol. */
function hostOf(key: string): string {
  return key.replace(/^https?:\/\//, '').replace(/\/.*$/, '').toLowerCase()
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== ''
}

function oneLine(text: string, path: string): string {
  if (/[\r\n\0]/.test(text)) throw configInvalid(`failed to parse ${JSON.stringify(path)}`, 'a credential contains a line break')
  return text
}

/** It names programs that we run: nobody else may have written it. */
function requireOurs(path: string): void {
  const { uid, mode } = statSync(path)
  if ((uid === 0 || uid === process.geteuid?.()) && (mode & 0o022) === 0) return
  throw configInvalid(`the credential helpers of ${path} were not run`, 'somebody else owns the file, or can write to it')
}
