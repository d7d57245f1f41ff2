export { Policy } from './policy.ts'
export type { EndedApp, PolicyAction, PolicyApp, PolicyEvent, PolicyPlan } from './types.ts'
