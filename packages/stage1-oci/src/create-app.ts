import { rmSync, writeFileSync } from 'node:fs'
import { etcFiles, podLayout, type AppRun, type Mount, type Pod, type Sandbox } from '@rocket/contracts'
import {
  type AppRoot, defineVerb, makeAppRoot, makeEmptyVolumes, planAppRoot, prepareAppRoot, requirePodMountNamespace, rootHasFile,
  type StageContext, unmountAppRoot, type Verb,
} from '@rocket/host'
import { planBundle } from './bundle/plan-bundle.ts'
import { wantsTerminal } from './bundle/plan-process.ts'
import type { RuntimeConfig } from './bundle/runtime-config.ts'
import { machine } from './machine.ts'
import { planCapabilities } from './plan-capabilities.ts'
import { chooseRuntime } from './runtime/choose-runtime.ts'
import { containerState } from './runtime/state-directory.ts'
import { compiledFilterAnnotation, expectFilter, findFilter } from './seccomp/filter-cache.ts'
import { bundlePath, planVectors } from './vectors.ts'
import { findVolumeSources } from './volume-sources.ts'

export interface CreateAppPlan {
  sandbox: Sandbox
  pod: Pod
  root: AppRoot
  mounts: Mount[]
  config: RuntimeConfig
  /** Set when the system call filter has to be compiled by the runtime: under this key it is found the next time. */
  filterKey: string | undefined
  /** Where the runtime will keep its state of the app. */
  state: string
  run: AppRun
}

/** Makes the root and the OCI bundle of one app, in the pod's mount namespace, and says how it is run. */
export const createApp: Verb<CreateAppPlan> = defineVerb({ plan: planCreateApp, apply: applyCreateApp })

function planCreateApp(context: StageContext): CreateAppPlan {
  const { files, uuid, podDirectory } = context
  const name = requireApp(context)
  const [pod, start, sandbox, app] = [files.read('Pod'), files.read('Start'), files.read('Sandbox'), files.read('App', name)]
  const run = files.read('Run')
  const runtime = chooseRuntime(run.runtime?.path)
  // `create` has looked already, where the hierarchies could still all be seen.
  const here = { ...machine(), cgroups: run.runtime?.cgroups ?? 'none' }
  const root = planAppRoot(pod, app, context)
  const etc = etcFiles(start, files.read('Net')).filter((file) => !file.onlyIfAbsent || !rootHasFile(root, file.target))
  const sources = findVolumeSources(app, podDirectory)
  const config = planBundle({ uuid, podDirectory, pod, app, start, sandbox, machine: here, runtime: runtime.name, etc, sources })
  const lookup = findFilter(config.linux.seccomp, runtime)
  if (lookup?.filter !== undefined) config.annotations[compiledFilterAnnotation] = lookup.filter
  const terminal = wantsTerminal(app, start)
  return {
    sandbox, pod, root, mounts: app.mounts, config,
    filterKey: lookup?.filter === undefined ? lookup?.key : undefined,
    state: containerState(uuid, name, runtime),
    run: {
      version: 1, uuid, app: name, instance: app.instance, handlers: {}, cleanup: [],
      ...planVectors(app, runtime, { podDirectory, terminal, capabilities: planCapabilities(app, start, here).granted }),
    },
  }
}

function requireApp({ app }: StageContext): string {
  if (app === undefined) throw new Error('RKT_APP does not name the app')
  return app
}

function applyCreateApp(plan: CreateAppPlan, { files, podDirectory }: StageContext): void {
  requirePodMountNamespace(plan.sandbox)
  const { app } = plan.run
  makeEmptyVolumes(plan.mounts, plan.pod, podDirectory)
  // Added again while the pod runs: what was mounted for the last instance goes.
  if (plan.run.instance > 1) unmountAppRoot(plan.root.target)
  makeAppRoot(plan.root)
  prepareAppRoot(plan.root.target)
  rmSync(`${podDirectory}/${podLayout.app(app)}/pid`, { force: true })
  // The runtime reads it when we are done, so it needs no rename.
  writeFileSync(`${podDirectory}/${bundlePath(app)}/config.json`, JSON.stringify(plan.config), { mode: 0o600 })
  if (plan.filterKey !== undefined) expectFilter(plan.filterKey, plan.state)
  files.write('AppRun', plan.run, app)
}
