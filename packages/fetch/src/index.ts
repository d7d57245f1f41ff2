export { absoluteReference, classifyReference, type Reference } from './classify-reference.ts'
export { parseImageName, type ImageName } from './image-name.ts'
export type { FetchPlan, PlannedImage } from './plan-fetch.ts'
export { stage } from './stage.ts'

/** What copies images: it reads archives and speaks to registries, which no command on the way to a pod loads for it. */
export function loadCopy(): Promise<typeof import('./copy/copy.ts')> {
  return import('./copy/copy.ts')
}

/** What stores the keys of people who sign images; for the same reason apart. */
export function loadKeys(): Promise<typeof import('./keys/keys.ts')> {
  return import('./keys/keys.ts')
}
