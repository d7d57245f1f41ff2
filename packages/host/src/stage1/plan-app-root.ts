import { podLayout, type App, type Pod } from '@rocket/contracts'
import type { StageContext } from '../documents/stage.ts'

/** How the root of an app comes to be: an overlay of the image's trees, or a copy where there is no overlayfs. */
export interface AppRoot {
  kind: 'overlay' | 'copy'
  /** Absolute: what the trees are relative to. Short names, because the options of an overlay must fit a page. */
  base: string
  /** Bottom first. */
  trees: string[]
  /** Absolute, as the following ones. Where the root is mounted, or copied to. */
  target: string
  upper: string
  work: string
}

/** Pure: where the root of an app comes from and goes to. */
export function planAppRoot(pod: Pod, app: App, context: Pick<StageContext, 'podDirectory' | 'storeDirectory'>): AppRoot {
  const trees = app.rootfs.trees.map((tree) => tree.slice('store:'.length))
  const first = trees[0]?.split('/')[0] ?? ''
  const shared = first !== '' && trees.every((tree) => tree.startsWith(`${first}/`))
  const inPod = (path: string): string => `${context.podDirectory}/${path}`
  return {
    kind: pod.overlay ? 'overlay' : 'copy',
    base: shared ? `${context.storeDirectory}/${first}` : context.storeDirectory,
    trees: shared ? trees.map((tree) => tree.slice(first.length + 1)) : trees,
    target: inPod(podLayout.rootfs(app.app)),
    upper: inPod(podLayout.upper(app.app)),
    work: inPod(podLayout.work(app.app)),
  }
}
