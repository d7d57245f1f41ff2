import { type NormalisedApp, type NormalisedManifest, type OciImageConfig, sanitizeAcIdentifier } from '@rocket/contracts'
import {
  checkWords,
  cleanAbsolutePath,
  cleanMountPath,
  parseExposedPort,
  parseStopSignal,
  parseUser,
  shown,
  volumeName,
} from './normalise-values.ts'

/** Where an OCI image came from, as far as it is known. */
export interface OciOrigin {
  /** The image's name in appc's terms: registry and repository, `registry-1.docker.io/library/redis`. */
  name: string
  tag?: string | undefined
  registry?: string | undefined
  repository?: string | undefined
  /** As the user wrote it. */
  reference?: string | undefined
  manifestDigest: string
  configDigest: string
  /** Of the manifest. */
  annotations?: Readonly<Record<string, string>> | null | undefined
}

export interface Normalised {
  manifest: NormalisedManifest
  /** What the image says and could not be kept, in words for its user. */
  warnings: string[]
}

type Config = NonNullable<OciImageConfig['config']>

/**
 * A docker or OCI image configuration in appc's terms, mapped as rkt did it (names of ports and mount points, `appc.io/docker/*`). Labels
 * and annotations of the image become user labels and annotations: they never reach what we or a runtime act on. Entries that mean
 * nothing are left out and told in `warnings`; a user or a volume that is not what it seems is refused: IMAGE_CONFIG_INVALID.
 */
export function normaliseOci(image: OciImageConfig, origin: OciOrigin): Normalised {
  const config = image.config ?? {}
  const warnings: string[] = []
  return {
    warnings,
    manifest: {
      name: sanitizeAcIdentifier(origin.name),
      labels: [
        ...(origin.tag === undefined ? [] : [{ name: 'version', value: origin.tag }]),
        { name: 'os', value: image.os },
        { name: 'arch', value: appcArchitecture(image.architecture, image.variant ?? undefined) },
      ],
      annotations: annotationsOf(image, config, origin),
      app: normaliseApp(config, origin, warnings),
      dependencies: [],
      pathWhitelist: [],
    },
  }
}

const architectures: Record<string, string> = {
  '386': 'i386',
  'arm64': 'aarch64',
  'arm/v5': 'armv6l',
  'arm/v6': 'armv6l',
  'arm': 'armv7l',
  'arm/v7': 'armv7l',
}

/** The architecture in appc's words; one that appc does not know stays as it is. */
export function appcArchitecture(architecture: string, variant: string | undefined): string {
  return architectures[`${architecture}/${variant ?? ''}`] ?? architectures[architecture] ?? architecture
}

function normaliseApp(config: Config, origin: OciOrigin, warnings: string[]): NormalisedApp {
  const stopSignal = stopSignalOf(config, warnings)
  return {
    exec: checkWords([...(config.Entrypoint ?? []), ...(config.Cmd ?? [])], 'the argument'),
    ...parseUser(config.User ?? ''),
    supplementaryGids: [],
    workingDirectory: cleanAbsolutePath(config.WorkingDir ?? '', 'the working directory'),
    environment: environmentOf(config.Env ?? [], warnings),
    mountPoints: mountPointsOf(Object.keys(config.Volumes ?? {})),
    ports: portsOf(Object.keys(config.ExposedPorts ?? {}), warnings),
    isolators: [],
    eventHandlers: [],
    ...(stopSignal === undefined ? {} : { stopSignal }),
    userAnnotations: { ...origin.annotations },
    userLabels: { ...config.Labels },
  }
}

/** Only `KEY=value` is taken: a bare `KEY` would have meant a variable of the host to some (CVE-2026-57231). The last of two wins. */
function environmentOf(env: readonly string[], warnings: string[]): { name: string; value: string }[] {
  const variables = new Map<string, string>()
  for (const entry of env) {
    const equals = entry.indexOf('=')
    const name = entry.slice(0, Math.max(0, equals))
    if (/^[A-Za-z_][A-Za-z_0-9.-]*$/.test(name) && !entry.includes('\0')) variables.set(name, entry.slice(equals + 1))
    else warnings.push(`the environment entry ${shown(entry)} is not NAME=value and was left out`)
  }
  return [...variables].map(([name, value]) => ({ name, value }))
}

function mountPointsOf(volumes: readonly string[]): NormalisedApp['mountPoints'] {
  const taken = new Set<string>()
  return [...new Set(volumes.map(cleanMountPath))].sort().map((path) => {
    const name = volumeName(path, taken)
    taken.add(name)
    return { name, path, readOnly: false }
  })
}

function portsOf(exposed: readonly string[], warnings: string[]): NormalisedApp['ports'] {
  const ports = new Map<string, NormalisedApp['ports'][number]>()
  for (const text of exposed) {
    const port = parseExposedPort(text)
    if (port === undefined) {
      warnings.push(`the exposed port ${shown(text)} cannot be understood and was left out`)
      continue
    }
    const range = port.count === 1 ? String(port.port) : `${port.port}-${port.port + port.count - 1}`
    const name = `${range}-${port.protocol}`
    ports.set(name, { name, protocol: port.protocol, port: port.port, count: port.count, socketActivated: false })
  }
  return [...ports.values()].sort((a, b) => a.port - b.port || (a.name < b.name ? -1 : 1))
}

function stopSignalOf(config: Config, warnings: string[]): string | undefined {
  const text = config.StopSignal ?? ''
  const signal = text === '' ? undefined : parseStopSignal(text)
  if (text !== '' && signal === undefined) warnings.push(`the stop signal ${shown(text)} is not known here; SIGTERM is used`)
  return signal
}

function annotationsOf(image: OciImageConfig, config: Config, origin: OciOrigin): { name: string; value: string }[] {
  const url = (key: string): string | undefined => {
    const value = origin.annotations?.[`org.opencontainers.image.${key}`]
    return value !== undefined && /^https?:\/\//.test(value) && URL.canParse(value) ? value : undefined
  }
  const created = image.created ?? undefined
  const known: [string, string | undefined][] = [
    ['created', created !== undefined && /^\d{4}-\d\d-\d\dT/.test(created) && !Number.isNaN(Date.parse(created)) ? created : undefined],
    ['authors', image.author ?? undefined],
    ['homepage', url('url')],
    ['documentation', url('documentation')],
    ['appc.io/docker/originalname', origin.reference],
    ['appc.io/docker/registryurl', origin.registry],
    ['appc.io/docker/repository', origin.repository],
    ['appc.io/docker/tag', origin.tag],
    ['appc.io/docker/imageid', origin.configDigest],
    ['appc.io/docker/manifesthash', origin.manifestDigest],
    ['appc.io/docker/entrypoint', wordsOf(config.Entrypoint)],
    ['appc.io/docker/cmd', wordsOf(config.Cmd)],
  ]
  return known.flatMap(([name, value]) => (value === undefined || value === '' ? [] : [{ name, value }]))
}

function wordsOf(words: readonly string[] | null | undefined): string | undefined {
  return words === null || words === undefined ? undefined : JSON.stringify(words)
}
