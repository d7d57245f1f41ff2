export { flavor } from './flavor.ts'
export { stage } from './stage.ts'
