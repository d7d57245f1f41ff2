export { type GcPlan } from './gc.ts'
export { type PreparePlan } from './prepare.ts'
export { stage } from './stage.ts'
export { type StartPlan } from './start/plan-start.ts'
