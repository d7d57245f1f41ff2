import type { Ingest } from './ingest-directory.ts'
import type { MadeTree } from './make-tree.ts'

export interface ComposedLayer {
  source: { digest: string; sizeBytes: number; diffId: string }
  tree: MadeTree
}

export async function composeRootfs(_ingest: Ingest, layers: readonly ComposedLayer[]): Promise<string[]> {
  return layers.map(({ tree }) => tree.name)
}
