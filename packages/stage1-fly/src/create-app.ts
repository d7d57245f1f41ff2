import { closeSync, openSync } from 'node:fs'
import { outsideNames, RocketError, type AppRun, type Pod, type Sandbox, type App } from '@rocket/contracts'
import {
  type AppRoot, bindMount, defineVerb, linux, makeAppRoot, makeCgroup, makeEmptyVolumes, mountFileSystem, native, nativeDirectory,
  openTarget, planAppRoot,
  prepareAppRoot, requirePodMountNamespace, rootHasFile, type StageContext, unmountAppRoot, type Verb, writeFileAtomic,
} from '@rocket/host'
import { flyEtcFiles } from './etc-files.ts'
import { type FlyMount, planMounts } from './fly-mounts.ts'
import { type FlySpec, formatSpec, planSpec } from './spec.ts'
import { planVectors, specPath } from './vectors.ts'

export interface CreateAppPlan {
  sandbox: Sandbox
  pod: Pod
  app: App
  root: AppRoot
  mounts: FlyMount[]
  cgroup: string
  spec: FlySpec
  run: AppRun
}

/** Mounts what the app sees, in the pod's mount namespace, and says how it is run. */
export const createApp: Verb<CreateAppPlan> = defineVerb({ plan: planCreateApp, apply: applyCreateApp })

function planCreateApp(context: StageContext): CreateAppPlan {
  const { files, uuid, podDirectory } = context
  if (context.app === undefined) throw new Error('RKT_APP does not name the app')
  const [pod, start, app] = [files.read('Pod'), files.read('Start'), files.read('App', context.app)]
  const root = planAppRoot(pod, app, context)
  const etc = flyEtcFiles(start, files.read('Net')).filter((file) => !file.onlyIfAbsent || !rootHasFile(root, file.target))
  return {
    sandbox: files.read('Sandbox'), pod, app, root,
    mounts: planMounts(app, etc, podDirectory),
    cgroup: outsideNames.cgroup(uuid, app.app),
    spec: planSpec(app, root.target, []),
    run: {
      version: 1, uuid, app: app.app, instance: app.instance, ...planVectors(app.app, `${nativeDirectory()}/fly-exec`), handlers: {},
      terminal: 'inherit', cleanup: [],
    },
  }
}

function applyCreateApp(plan: CreateAppPlan, { files, podDirectory }: StageContext): void {
  requirePodMountNamespace(plan.sandbox)
  const name = plan.app.app
  makeEmptyVolumes(plan.app.mounts, plan.pod, podDirectory)
  if (plan.app.instance > 1) unmountAppRoot(plan.root.target)
  makeAppRoot(plan.root)
  // A copy is no mount of its own, and attributes are a mount's.
  if (plan.root.kind === 'copy') bindMount(plan.root.target, plan.root.target)
  prepareAppRoot(plan.root.target)
  mountAll(plan)
  if (plan.app.rootfs.readOnly) native().mountSetattr(linux.AT_FDCWD, plan.root.target, 0, linux.MOUNT_ATTR_RDONLY, 0, 0)
  const cgroups = makeCgroup(plan.cgroup)
  writeFileAtomic(`${podDirectory}/${specPath(name)}`, formatSpec({ ...plan.spec, cgroups }), { mode: 0o600 })
  files.write('AppRun', plan.run, name)
}

/** By descriptor: between the look at a target and the mount on it, it cannot become a link to another place. */
function mountAll(plan: CreateAppPlan): void {
  for (const mount of plan.mounts) {
    // Opened anew for each: what the last one put over the root's directories counts.
    const root = openSync(plan.root.target, linux.O_PATH | linux.O_DIRECTORY | linux.O_CLOEXEC)
    let target = -1
    try {
      target = openTarget(root, mount.target, mount.isDirectory ? 'directory' : 'file')
      if (mount.what === 'tmpfs') mountFileSystem('tmpfs', target, { noSuid: true, noDev: true, data: 'mode=1777' })
      else bindMount(mount.source, target, { recursive: mount.recursive, readOnly: mount.readOnly })
    } catch (error) {
      throw mountFailed(mount, plan.app.app, error)
    } finally {
      if (target >= 0) closeSync(target)
      closeSync(root)
    }
  }
}

function mountFailed(mount: FlyMount, app: string, error: unknown): RocketError {
  return new RocketError('VOLUME_SOURCE_INVALID', {
    what: `${mount.source} cannot be mounted at ${mount.target} of app ${app}`, why: (error as Error).message, cause: error,
    hint: 'a directory goes over a directory, a file over a file',
  })
}
