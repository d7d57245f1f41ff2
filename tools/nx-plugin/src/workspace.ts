import { globSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { Member } from './constraints.ts'

export interface WorkspacePackage extends Member {
  /** Relative to the workspace. */
  readonly root: string
  readonly dependencies: readonly string[]
  /** What its tests alone use. */
  readonly development: readonly string[]
  /** Modules of the engine that it runs on, where that is not Node: `rocket.engineModules` of its manifest. */
  readonly engineModules: readonly string[]
  /** What may be imported from outside: `.`, `./schemas`. */
  readonly faces: readonly string[]
}

export interface Workspace {
  readonly root: string
  readonly packages: readonly WorkspacePackage[]
  /** The root's development dependencies, which tests and tools may use without declaring them again. */
  readonly development: readonly string[]
}

export function readWorkspace(root: string): Workspace {
  const packages = globSync('{packages,tools}/*/package.json', { cwd: root }).sort().map((file) => {
    const manifest = readJson(join(root, file))
    return {
      root: dirname(file),
      name: manifest.name,
      tags: manifest.nx?.tags ?? [],
      dependencies: Object.keys(manifest.dependencies ?? {}),
      development: Object.keys(manifest.devDependencies ?? {}),
      engineModules: manifest.rocket?.engineModules ?? [],
      faces: Object.keys(manifest.exports ?? { '.': '' }),
    }
  })
  return { root, packages, development: Object.keys(readJson(join(root, 'package.json')).devDependencies ?? {}) }
}

interface PackageJson {
  readonly name: string
  readonly nx?: { readonly tags?: readonly string[] }
  readonly rocket?: { readonly engineModules?: readonly string[] }
  readonly dependencies?: Readonly<Record<string, string>>
  readonly devDependencies?: Readonly<Record<string, string>>
  readonly exports?: Readonly<Record<string, string>>
}

function readJson(file: string): PackageJson {
  return JSON.parse(readFileSync(file, 'utf8'))
}
