import { RocketError, type App, type Pod, type RunRequest, type Start } from '@rocket/contracts'
import { checkFeatures, describeDegraded } from '../feature-check.ts'
import { Notes } from '../prepare/notes.ts'
import { checkResolution, planHostname } from './names.ts'
import { planNetwork } from './network.ts'
import { planStreams } from './streams.ts'

export interface StartSources {
  pod: Pod
  apps: readonly Pick<App, 'app'>[]
  request: RunRequest
  startedAt: string
  /** Whether the caller's standard input is a terminal; asked for interactive pods only. */
  isTerminal: () => boolean
}

export interface StartPlan {
  start: Start
  warnings: string[]
}

/** How a prepared pod starts this time, with the last check of needs against the flavor: those of prepare and those of now. */
export function planStart({ pod, apps, request, startedAt, isTerminal }: StartSources): StartPlan {
  if (apps.length === 0 && pod.exitPolicy === 'apps') {
    throw new RocketError('POD_EMPTY', { what: `pod ${pod.uuid} cannot be run`, why: 'pod must contain at least one application' })
  }
  const notes = new Notes()
  const network = planNetwork(request.networks, pod, notes)
  const hostname = planHostname(request, pod.uuid, notes)
  checkResolution(request, notes)
  const ipc = planIpc(request, pod, notes)
  const streams = planStreams(apps.map(({ app }) => app), request.interactive, isTerminal, notes)
  const degraded = checkFeatures([...pod.needs, ...notes.needs], pod.flavor, pod.otherFlavors, pod.flavorPolicy)
  const start: Start = {
    version: 1, uuid: pod.uuid, startedAt, network, hostname, dns: request.dns, hosts: request.hosts, ipc, streams,
    insecure: request.insecure, degraded,
    localConfig: request.localConfig, ...(request.ociRuntime === undefined ? {} : { ociRuntime: request.ociRuntime }),
  }
  // What prepare has warned of need not be said again.
  const news = degraded.filter((need) => notes.needs.includes(need))
  return { start, warnings: [...notes.warnings, ...describeDegraded(news, pod.flavor.name)] }
}

/** A flavor that makes no IPC namespace and declares the host's has nothing else to give. */
function planIpc(request: RunRequest, pod: Pod, notes: Notes): Start['ipc'] {
  if (request.ipc === 'parent') notes.need('ipc-parent', '--ipc=parent')
  const hostOnly = pod.flavor.features.includes('ipc-parent') && !pod.flavor.namespaces.includes('ipc')
  return request.ipc ?? (hostOnly ? 'parent' : 'private')
}
