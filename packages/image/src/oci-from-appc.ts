import type { ImageManifest, OciImageConfig } from '@rocket/contracts'
import { invalidConfig, shown } from './normalise-values.ts'

export interface OciFromAppc {
  config: OciImageConfig
  /** For the manifest. */
  annotations: Record<string, string>
  /** What OCI has no place for, in words. */
  warnings: string[]
}

/** OCI's words for appc's architectures. */
const platforms: Record<string, { architecture: string; variant?: string }> = {
  i386: { architecture: '386' },
  aarch64: { architecture: 'arm64', variant: 'v8' },
  armv6l: { architecture: 'arm', variant: 'v6' },
  armv7l: { architecture: 'arm', variant: 'v7' },
}

/** An appc manifest as an OCI configuration of one layer: the inverse of `normaliseOci`, as far as there is one. */
export function ociFromAppc(manifest: ImageManifest, diffId: string): OciFromAppc {
  const label = (name: string): string | undefined => manifest.labels?.find((entry) => entry.name === name)?.value
  const annotation = (name: string): string | undefined => manifest.annotations?.find((entry) => entry.name === name)?.value
  const { app } = manifest
  const arch = label('arch') ?? 'amd64'
  const created = annotation('created')
  const author = annotation('authors')
  const annotations: [string, string | undefined][] = [
    ['org.opencontainers.image.title', manifest.name],
    ['org.opencontainers.image.version', label('version')],
    ['org.opencontainers.image.url', annotation('homepage')],
    ['org.opencontainers.image.documentation', annotation('documentation')],
  ]
  return {
    config: {
      ...(created === undefined ? {} : { created }),
      ...(author === undefined ? {} : { author }),
      ...(platforms[arch] ?? { architecture: arch }),
      os: label('os') ?? 'linux',
      ...(app === undefined ? {} : { config: configOf(app) }),
      rootfs: { type: 'layers', diff_ids: [diffId] },
    },
    annotations: Object.fromEntries(annotations.filter((entry): entry is [string, string] => entry[1] !== undefined)),
    warnings: lost(manifest),
  }
}

type App = NonNullable<ImageManifest['app']>

function configOf(app: App): NonNullable<OciImageConfig['config']> {
  for (const owner of [app.user, app.group]) {
    if (owner.startsWith('/')) throw invalidConfig(`the owner ${shown(owner)}`, 'is the owner of a file, which OCI cannot say')
  }
  const ports = app.ports?.map(({ port, count, protocol }) => `${port}${(count ?? 1) > 1 ? `-${port + count! - 1}` : ''}/${protocol}`)
  return {
    User: `${app.user}:${app.group}`,
    ...(app.exec === undefined ? {} : { Entrypoint: app.exec }),
    ...(app.environment === undefined ? {} : { Env: app.environment.map(({ name, value }) => `${name}=${value}`) }),
    ...(app.workingDirectory === undefined ? {} : { WorkingDir: app.workingDirectory }),
    ...(ports === undefined ? {} : { ExposedPorts: asSet(ports) }),
    ...(app.mountPoints === undefined ? {} : { Volumes: asSet(app.mountPoints.map(({ path }) => path)) }),
    ...(app.userLabels === undefined ? {} : { Labels: app.userLabels }),
  }
}

function lost({ app, dependencies, pathWhitelist }: ImageManifest): string[] {
  const parts: [string, readonly unknown[] | undefined][] = [
    ['isolators', app?.isolators],
    ['eventHandlers', app?.eventHandlers],
    ['supplementaryGIDs', app?.supplementaryGIDs],
    ['dependencies', dependencies],
    ['pathWhitelist', pathWhitelist],
  ]
  return parts.filter(([, list]) => list !== undefined && list.length > 0).map(([name]) => `OCI images have no ${name}: left out`)
}

function asSet(keys: readonly string[]): Record<string, object> {
  return Object.fromEntries([...new Set(keys)].sort().map((key) => [key, {}]))
}
