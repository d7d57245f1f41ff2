import type { AppcApp, ImageManifest, NormalisedApp, NormalisedManifest } from '@rocket/contracts'
import type { Normalised } from './normalise-oci.ts'
import { checkOwner, checkWords, cleanAbsolutePath, cleanMountPath, invalidConfig, shown } from './normalise-values.ts'

/**
 * An appc image manifest with its defaults filled in, paths cleaned and owners checked. Throws IMAGE_CONFIG_INVALID for what the schema
 * allows and no app can have.
 */
export function normaliseAci(manifest: ImageManifest): Normalised {
  const normalised: NormalisedManifest = {
    name: manifest.name,
    labels: manifest.labels ?? [],
    annotations: manifest.annotations ?? [],
    ...(manifest.app === undefined ? {} : { app: normaliseAppcApp(manifest.app) }),
    dependencies: (manifest.dependencies ?? []).map(({ imageName, imageID, labels, size }) => ({
      imageName,
      ...(imageID === undefined ? {} : { imageId: imageID }),
      labels: labels ?? [],
      ...(size === undefined ? {} : { sizeBytes: size }),
    })),
    pathWhitelist: manifest.pathWhitelist ?? [],
  }
  return { manifest: normalised, warnings: [] }
}

/** The `app` section of an image manifest or of a pod manifest's entry. */
export function normaliseAppcApp(app: AppcApp): NormalisedApp {
  return {
    exec: checkWords(app.exec ?? [], 'the argument'),
    user: checkOwner(app.user, 'user', true),
    group: checkOwner(app.group, 'group', true),
    supplementaryGids: app.supplementaryGIDs ?? [],
    workingDirectory: cleanAbsolutePath(app.workingDirectory ?? '', 'the working directory'),
    environment: (app.environment ?? []).map(({ name, value }) => ({ name, value: checkWords([value], 'the environment value')[0]! })),
    mountPoints: (app.mountPoints ?? []).map(({ name, path, readOnly }) => ({
      name: checkName(name),
      path: cleanMountPath(path),
      readOnly: readOnly ?? false,
    })),
    ports: (app.ports ?? []).map((port) => ({
      name: checkName(port.name),
      protocol: port.protocol === '' ? 'tcp' : port.protocol,
      port: port.port,
      count: Math.max(1, port.count ?? 1),
      socketActivated: port.socketActivated ?? false,
    })),
    isolators: (app.isolators ?? []).map(({ name, value }) => ({ name, value })),
    eventHandlers: (app.eventHandlers ?? []).map(({ name, exec }) => {
      if (exec.length === 0) throw invalidConfig(`the event handler ${name}`, 'names no program')
      return { name: name as 'pre-start' | 'post-stop', exec: checkWords(exec, 'the argument') }
    }),
    userAnnotations: app.userAnnotations ?? {},
    userLabels: app.userLabels ?? {},
  }
}

function checkName(name: string): string {
  if (name.length > 128) throw invalidConfig(`the name ${shown(name)}`, 'is longer than 128 characters')
  return name
}
