import { outsideNames } from '@rocket/contracts'
import type { KnownRuntime } from './known-runtimes.ts'

/** Where the runtime keeps what it knows of the apps of a pod. Named after the runtime, so that `destroy` finds it from the UUID alone. */
export function stateDirectory(uuid: string, runtime: Pick<KnownRuntime, 'name'>): string {
  return `${outsideNames.runDirectory(uuid)}/${runtime.name}`
}

/** crun's and runc's alike: a directory for each container. */
export function containerState(uuid: string, app: string, runtime: Pick<KnownRuntime, 'name'>): string {
  return `${stateDirectory(uuid, runtime)}/${outsideNames.container(uuid, app)}`
}
