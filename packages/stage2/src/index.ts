export { Policy } from './policy/policy.ts'
export type { EndedApp, PolicyAction, PolicyApp, PolicyEvent, PolicyPlan } from './policy/types.ts'
export { stage } from './stage.ts'
