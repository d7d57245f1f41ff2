export { absoluteReference, classifyReference, type Reference } from './classify-reference.ts'
export { parseImageName, type ImageName } from './image-name.ts'
export type { FetchPlan, PlannedImage } from './plan-fetch.ts'
export { stage } from './stage.ts'
