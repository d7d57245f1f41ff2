import type { CreateNodes } from '@nx/devkit'
import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { inferTargets } from './targets.ts'

/** Infers the targets of every package from what lies in it; a package configures nothing but its tags. */
export const createNodes: CreateNodes = [
  '{packages,tools}/*/package.json',
  (manifests, _options, { workspaceRoot }) =>
    manifests.map((file) => {
      const root = dirname(file)
      const manifest = JSON.parse(readFileSync(join(workspaceRoot, file), 'utf8'))
      return [file, { projects: { [root]: { name: manifest.name, targets: inferTargets(workspaceRoot, root, manifest) } } }] as const
    }),
]

/** The older name of the same export, which Nx 23 still looks for first. */
export const createNodesV2: CreateNodes = createNodes

export const name = 'rocket'
