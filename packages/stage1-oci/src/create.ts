import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { etcFiles, podLayout, type App, type EtcFile, type Run, type Sandbox, type Start } from '@rocket/contracts'
import { defineVerb, requirePodMountNamespace, type StageContext, type Verb } from '@rocket/host'
import { hideUnifiedHierarchy, unifiedToHide } from './hide-unified.ts'
import { machine, type Machine } from './machine.ts'
import { planCapabilities } from './plan-capabilities.ts'
import { mountPodShm } from './pod-shm.ts'
import { protectRuntime, runtimeToProtect } from './protect-runtime.ts'
import { chooseRuntime } from './runtime/choose-runtime.ts'
import { planOomScoreAdj } from './bundle/plan-process.ts'

export interface CreatePlan {
  sandbox: Sandbox
  /** Generated files below /etc, made once for all apps. */
  etc: EtcFile[]
  /** Where the v2 hierarchy must not be seen by the runtime. */
  hide: string | undefined
  /** The runtime's program, where it should find itself read-only. */
  protect: string | undefined
  shm: boolean
  run: Run
}

/** Makes what the apps of the pod share, in the pod's mount namespace: their files below /etc, /dev/shm, the view of cgroups. */
export const create: Verb<CreatePlan> = defineVerb({ plan: planCreate, apply: applyCreate })

function planCreate({ files, uuid, ...context }: StageContext): CreatePlan {
  const start = files.read('Start')
  const runtime = chooseRuntime(start.ociRuntime)
  const here = machine()
  const apps = files.apps().map((name) => files.read('App', name))
  context.debug(`the OCI runtime is ${runtime.path}, version ${runtime.version}, on cgroup ${here.cgroups}`)
  return {
    sandbox: files.read('Sandbox'),
    etc: etcFiles(start, files.read('Net')).filter((file) => file.text !== undefined),
    hide: unifiedToHide(runtime, here),
    protect: runtimeToProtect(runtime),
    shm: start.ipc === 'private',
    run: {
      version: 1, uuid, flavor: 'oci', supervision: 'apps', cleanup: [],
      runtime: { name: runtime.name, path: runtime.path, version: runtime.version, cgroups: here.cgroups },
      notes: apps.flatMap((app) => planNotes(app, start, here)),
    },
  }
}

/** What the machine cannot give, in words. Throws CAPABILITY_UNAVAILABLE for what must not be missing. */
export function planNotes(app: App, start: Start, machine: Machine): string[] {
  const { isolators } = app
  const { lost } = planCapabilities(app, start, machine)
  const score = planOomScoreAdj(app, machine)
  return [
    ...(lost.length === 0 ? [] : [`app ${app.app} runs without ${lost.join(', ')}: Rocket itself does not have them`]),
    ...(isolators.memoryBytes === undefined || machine.memoryLimit ? []
      : ['resource/memory isolator set but support disabled in the kernel, skipping']),
    ...((isolators.cpuMillis === undefined && isolators.cpuShares === undefined) || machine.cpuLimit ? []
      : ['resource/cpu isolator set but support disabled in the kernel, skipping']),
    ...(
      score === isolators.oomScoreAdj ? [] : [`app ${app.app} gets the out-of-memory score ${score}: a lower one needs CAP_SYS_RESOURCE`]
    ),
  ]
}

function applyCreate(plan: CreatePlan, { files, podDirectory }: StageContext): void {
  requirePodMountNamespace(plan.sandbox)
  if (plan.hide !== undefined) hideUnifiedHierarchy(plan.hide)
  if (plan.protect !== undefined) protectRuntime(plan.protect)
  mkdirSync(`${podDirectory}/${podLayout.etc}`, { recursive: true })
  // Nobody reads them before we are done, so they need no rename.
  for (const file of plan.etc) writeFileSync(etcPath(file, podDirectory), file.text ?? '', { mode: 0o644 })
  if (plan.shm) mountPodShm(podDirectory)
  files.write('Run', plan.run)
}

function etcPath(file: EtcFile, podDirectory: string): string {
  const path = `${podDirectory}/${file.source.slice('pod:'.length)}`
  if (dirname(path) !== `${podDirectory}/${podLayout.etc}`) throw new Error(`${path} is outside ${podLayout.etc}`)
  return path
}
