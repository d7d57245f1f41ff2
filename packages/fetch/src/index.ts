export { absoluteReference, classifyReference, type Reference } from './classify-reference.ts'
export { parseImageName, type ImageName } from './image-name.ts'
export type { FetchPlan, PlannedImage } from './plan-fetch.ts'
export { stage } from './stage.ts'

/** What copies images: it reads archives and speaks to registries, which no command on the way to a pod loads for it. */
export function loadCopy(): Promise<typeof import('./copy/copy.ts')> {
  return import('./copy/copy.ts')
}
