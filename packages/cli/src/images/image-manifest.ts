import type { NormalisedManifest } from '@rocket/contracts'
import { appcVersion } from '../version.ts'

/** A normalised manifest as the appc image manifest that says the same. Parts that say nothing are left out, as appc's library does. */
export function toImageManifest(manifest: NormalisedManifest): object {
  const { name, labels, app, annotations, dependencies, pathWhitelist } = manifest
  return {
    acKind: 'ImageManifest',
    acVersion: appcVersion,
    name,
    ...unlessEmpty('labels', labels),
    ...(app === undefined ? {} : { app: toApp(app) }),
    ...unlessEmpty('annotations', annotations),
    ...unlessEmpty('dependencies', dependencies.map(toDependency)),
    ...unlessEmpty('pathWhitelist', pathWhitelist),
  }
}

function toApp(app: NonNullable<NormalisedManifest['app']>): object {
  return {
    ...unlessEmpty('exec', app.exec),
    user: app.user,
    // appc has no word for the primary group of the user, which an empty group means here.
    group: app.group === '' ? app.user : app.group,
    ...unlessEmpty('supplementaryGIDs', app.supplementaryGids),
    ...unlessEmpty('eventHandlers', app.eventHandlers),
    ...(app.workingDirectory === '/' ? {} : { workingDirectory: app.workingDirectory }),
    ...unlessEmpty('environment', app.environment),
    ...unlessEmpty('mountPoints', app.mountPoints),
    ...unlessEmpty('ports', app.ports),
    ...unlessEmpty('isolators', app.isolators),
    ...(Object.keys(app.userAnnotations).length === 0 ? {} : { userAnnotations: app.userAnnotations }),
    ...(Object.keys(app.userLabels).length === 0 ? {} : { userLabels: app.userLabels }),
  }
}

function toDependency(dependency: NormalisedManifest['dependencies'][number]): object {
  const { imageName, imageId, labels, sizeBytes } = dependency
  return {
    imageName,
    ...(imageId === undefined ? {} : { imageID: imageId }),
    ...unlessEmpty('labels', labels),
    ...(sizeBytes === undefined ? {} : { size: sizeBytes }),
  }
}

function unlessEmpty(name: string, list: readonly unknown[]): object {
  return list.length === 0 ? {} : { [name]: list }
}
