export type { ChildStreams, Ended, GuestSystem, Port } from './guest-system.ts'
export { Supervisor, type Said, type SupervisorOptions } from './supervisor.ts'
