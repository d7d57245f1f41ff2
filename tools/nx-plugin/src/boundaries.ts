import { globSync, readFileSync } from 'node:fs'
import { builtinModules } from 'node:module'
import { join, normalize, relative } from 'node:path'
import { findForbidden } from './constraints.ts'
import type { Import } from './read-imports.ts'
import { readImports } from './read-imports.ts'
import type { Workspace, WorkspacePackage } from './workspace.ts'

/** Everything that is wrong with what one package imports or declares, one sentence each, in the order of the files. */
export function findBoundaryProblems(workspace: Workspace, owner: WorkspacePackage): string[] {
  const declared = owner.dependencies
    .flatMap((name) => explain(owner, workspace.packages.find((other) => other.name === name)))
    .map((why) => `${owner.root}/package.json: ${why}`)
  const files = globSync('src/**/*.ts', { cwd: join(workspace.root, owner.root) }).sort()
  return [...declared, ...files.flatMap((file) => findFileProblems(workspace, owner, `${owner.root}/${file}`))]
}

function findFileProblems(workspace: Workspace, owner: WorkspacePackage, file: string): string[] {
  return readImports(readFileSync(join(workspace.root, file), 'utf8')).flatMap((found) => {
    const why = isRelative(found) ? leavesPackage(owner, file, found) : isForbidden(workspace, owner, file, found)
    return why === undefined ? [] : [`${file}:${found.line}: ${why}`]
  })
}

function isRelative(found: Import): boolean {
  return found.specifier.startsWith('.') || found.specifier.startsWith('/')
}

function leavesPackage(owner: WorkspacePackage, file: string, found: Import): string | undefined {
  const target = normalize(join(file, '..', found.specifier))
  return relative(owner.root, target).startsWith('..') ? `'${found.specifier}' reaches into another package` : undefined
}

function isForbidden(workspace: Workspace, owner: WorkspacePackage, file: string, { specifier }: Import): string | undefined {
  if (specifier.startsWith('node:') || owner.engineModules.includes(specifier)) return undefined
  if (builtinModules.includes(specifier)) return `write 'node:${specifier}'`
  const name = packageName(specifier)
  const target = workspace.packages.find((other) => other.name === name)
  const [forbidden] = explain(owner, target)
  if (forbidden) return forbidden
  const face = `.${specifier.slice(name.length)}`
  if (target && !target.faces.includes(face)) return `'${specifier}' reaches past what ${name} exports (${target.faces.join(', ')})`
  if (owner.dependencies.includes(name) || owner.name === name) return undefined
  if ([...workspace.development, ...owner.development].includes(name) && mayUseDevelopment(owner, file)) return undefined
  return `${name} is not declared in ${owner.root}/package.json`
}

function explain(owner: WorkspacePackage, target: WorkspacePackage | undefined): string[] {
  const why = target && findForbidden(owner, target)
  return why ? [why] : []
}

function mayUseDevelopment(owner: WorkspacePackage, file: string): boolean {
  return owner.tags.includes('layer:tool') || /\.test\.ts$|\/testing\//.test(file)
}

/** `@rocket/contracts/schemas` is of the package `@rocket/contracts`, `tar-stream/x` of `tar-stream`. */
function packageName(specifier: string): string {
  return specifier.split('/').slice(0, specifier.startsWith('@') ? 2 : 1).join('/')
}
