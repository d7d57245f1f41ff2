import type { Tree } from '@nx/devkit'
import { planStageFiles } from './stage-files.ts'

export interface StageOptions {
  readonly name: string
  readonly verb?: string
}

/** `nx g ./tools/nx-plugin:stage NAME`: writes the package and leaves joining it to `cli`, which is a decision. */
export default function generateStage(tree: Tree, { name, verb = 'create' }: StageOptions): () => void {
  const root = `packages/${name}`
  if (tree.exists(root)) throw new Error(`${root} exists already`)
  for (const [path, text] of planStageFiles(name, verb)) tree.write(`${root}/${path}`, text)
  return () => console.log(`Now run npm install, which links ${root} for the others, and write down what ${name} ${verb} reads and writes.`)
}
