import { RocketError } from '@rocket/contracts'
import { configDirectories } from '../config/has-configuration.ts'
import { findDockerConfig, findDockerLogin } from '../config/docker-config.ts'
import { findCertificates } from '../config/find-certificates.ts'
import { loadCredentials } from '../config/load-credentials.ts'
import { loadRegistries, type Registries } from '../config/load-registries.ts'
import { resolveReference, type ResolvedReference } from '../config/resolve-reference.ts'
import type { DockerReference } from '../docker-reference.ts'
import { createHttpClient, type HttpClient, type HttpOptions } from '../http/http-client.ts'
import { createAuthenticator } from './authenticate.ts'
import type { Login } from './login.ts'
import { createRegistryClient, type RegistryClient } from './registry-client.ts'

export interface NetworkOptions extends Pick<HttpOptions, 'limits' | 'retry'> {
  insecure: { http: boolean; tls: boolean }
  warn(message: string): void
  /** Those of RKT_CONFIG_DIRS unless said. */
  directories?: readonly string[]
}

/** Everything that is outside: http, and registries as the configuration says they are to be spoken to. */
export interface Network {
  http: HttpClient
  /** Which registry a reference means, and which mirrors stand before it. */
  resolve(reference: DockerReference): ResolvedReference
  /** The same client for the same repository, so that its login is asked for once. To pull and to push. */
  client(place: { registry: string; repository: string }): RegistryClient
  close(): Promise<void>
}

/** Reads the configuration; nothing is sent yet. Throws CONFIG_INVALID. */
export function openNetwork({ insecure, warn, directories = configDirectories(), ...more }: NetworkOptions): Network {
  const registries = loadRegistries(directories)
  const deadline = startDeadline(registries.deadlineSeconds)
  const http = createHttpClient({
    allowHttp: insecure.http, skipTlsVerify: insecure.tls, deadline: deadline.signal,
    tlsOf: (host) => findCertificates(directories, host), ...more,
  })
  const login = loginFinder(directories, warn)
  const clients = new Map<string, RegistryClient>()
  return {
    http,
    resolve: (reference) => resolveReference(reference, registries),
    client: ({ registry, repository }) => {
      const name = `${registry}/${repository}`
      const client = clients.get(name) ?? openClient({ registry, repository }, { http, insecure, registries, login })
      clients.set(name, client)
      return client
    },
    close: async () => {
      deadline.stop()
      await http.close()
    },
  }
}

interface ClientParts {
  http: HttpClient
  insecure: { http: boolean }
  registries: Registries
  login(registry: string): Promise<Login | undefined>
}

function openClient(place: { registry: string; repository: string }, { http, insecure, registries, login }: ClientParts): RegistryClient {
  const { http: plain = false, tokenServers = [] } = registries.hosts.get(place.registry) ?? {}
  const authenticator = createAuthenticator({ http, ...place, tokenServers, login: () => login(place.registry) })
  return createRegistryClient({ http, ...place, allowHttp: insecure.http || plain, authenticator })
}

/** `auth.d` first, then docker's configuration; read when a registry first asks. */
function loginFinder(directories: readonly string[], warn: (message: string) => void): ClientParts['login'] {
  const found = new Map<string, Login | undefined>()
  return async (registry) => {
    if (!found.has(registry)) {
      const docker = findDockerConfig()
      const own = loadCredentials(directories).registries.get(registry)
      found.set(registry, own ?? (docker === undefined ? undefined : findDockerLogin(docker, registry, warn)))
    }
    return found.get(registry)
  }
}

function startDeadline(seconds: number): { signal: AbortSignal; stop(): void } {
  const controller = new AbortController()
  const timer = setTimeout(() => controller.abort(new RocketError('REGISTRY_STALLED', {
    what: 'fetching was given up', why: `it is not done after ${seconds} s`,
    hint: 'what came so far is kept: run the command again, or raise deadlineSeconds in registries.d',
  })), seconds * 1000)
  timer.unref()
  return { signal: controller.signal, stop: () => clearTimeout(timer) }
}
