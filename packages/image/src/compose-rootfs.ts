import { digestOf } from '@rocket/host'
import { planLayer, planTopTree, type TopDirectory } from './plan-composition.ts'
import { type CompositionFacts, openTreeView, type TreeView } from './tree-view.ts'

export interface ComposedLayer {
  diffId: string
  /** The tree that `unpackLayer` made of it alone (with `hasLower`). */
  directory: string
  facts: CompositionFacts
}

/** Where trees come from and go to: the store, or a test. Both calls are answered from what is there when the key is known. */
export interface TreeBuilder {
  /** Layer `index` unpacked by `unpackLayerOn` these directories, bottom first. */
  unpackOn(index: number, lower: readonly string[], key: string): Promise<{ directory: string; facts: CompositionFacts }>
  /** A tree that `writeTopTree` made of these directories. */
  makeTop(directories: readonly TopDirectory[], key: string): Promise<string>
}

/**
 * The directories, bottom first, whose overlay shows what applying the layers one after the other would show: usually the layers' own
 * trees; with a thin tree of directory metadata on top where layers write into directories they do not describe, and with layers unpacked
 * again on the chain below where their own tree cannot show it. Keys are derived from chain IDs: the same chain gives the same trees.
 * What a layer at the bottom refers to and nobody has is refused by `unpackOn`.
 */
export async function composeRootfs(layers: readonly ComposedLayer[], builder: TreeBuilder): Promise<string[]> {
  const stack: { directory: string; view: TreeView & { close(): void } }[] = []
  const push = (directory: string, facts: CompositionFacts): void => {
    stack.push({ directory, view: openTreeView(directory, facts) })
  }
  const directories = (): string[] => stack.map(({ directory }) => directory)
  const mendLooks = async (chain: string): Promise<void> => {
    const top = planTopTree(stack.map(({ view }) => view))
    if (top.length > 0) push(await builder.makeTop(top, `top ${chain}`), described)
  }
  try {
    let chain = ''
    for (const [index, layer] of layers.entries()) {
      const below = chain
      chain = chainId(below, layer.diffId)
      const view = openTreeView(layer.directory, layer.facts)
      if (
        planLayer(
          stack.map((tree) => tree.view),
          view,
        ).kind === 'use'
      ) {
        stack.push({ directory: layer.directory, view })
        continue
      }
      view.close()
      // What is unpacked on the chain copies directories from it: they must look right first.
      await mendLooks(below)
      const made = await builder.unpackOn(index, directories(), `chain ${chain}`)
      push(made.directory, made.facts)
    }
    await mendLooks(chain)
    return directories()
  } finally {
    for (const { view } of stack) view.close()
  }
}

/** Of a tree whose every directory is described. */
const described: CompositionFacts = { implicitParents: [], outwardLinks: [], throughLinks: [], whiteoutParents: [] }

/** Of the layers up to and with one; '' is of none. Spec: OCI image-spec, config.md, "Layer ChainID". */
export function chainId(below: string, diffId: string): string {
  return below === '' ? diffId : `sha256:${digestOf('sha256', `${below} ${diffId}`)}`
}
