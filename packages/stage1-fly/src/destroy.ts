import { outsideNames, podLayout } from '@rocket/contracts'
import { cgroupDirectories, defineVerb, endCgroups, findCgroups, removeRunDirectory, type StageContext, unmountAppRoot, type Verb } from '@rocket/host'

export interface DestroyPlan {
  /** Directories. */
  cgroups: string[]
  roots: string[]
  /** All of the pod. */
  whole: boolean
}

/** Ends the app with everything it started, wherever in the process tree that went, and removes its cgroup. */
export const destroyApp: Verb<DestroyPlan> = defineVerb({
  plan: ({ uuid, app, podDirectory }) => {
    if (app === undefined) throw new Error('RKT_APP does not name the app')
    return { cgroups: cgroupDirectories(outsideNames.cgroup(uuid, app)), roots: [`${podDirectory}/${podLayout.rootfs(app)}`], whole: false }
  },
  apply: applyDestroy,
})

/** The same for all of the pod, from the UUID alone. Its mounts go with its mount namespace. */
export const destroy: Verb<DestroyPlan> = defineVerb({
  plan: ({ uuid }: StageContext) => ({ cgroups: findCgroups(`${outsideNames.cgroupPrefix(uuid)}-`), roots: [], whole: true }),
  apply: applyDestroy,
})

function applyDestroy(plan: DestroyPlan, { uuid }: StageContext): void {
  endCgroups(plan.cgroups)
  for (const root of plan.roots) unmountAppRoot(root)
  if (plan.whole) removeRunDirectory(uuid)
}
