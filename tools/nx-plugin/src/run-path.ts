import { existsSync, globSync, readFileSync } from 'node:fs'
import { join, normalize } from 'node:path'
import type { Import } from './read-imports.ts'
import { readImports } from './read-imports.ts'

/**
 * After `unshare` only the calling thread sees the pod's mounts: what uses libuv's pool (promises, callbacks, streams)
 * may look at the host's files instead. Node's own child processes are slow to load, and fork a large heap.
 */
const asyncModules = ['node:fs/promises', 'node:child_process', 'node:worker_threads']

/** What a package's sources may not do because of where they run; one sentence for each offence. */
export function findRunPathProblems(root: string, packageRoot: string): string[] {
  if (/^packages\/(stage1-|stage2$)/.test(packageRoot)) return [...findAsync(root, packageRoot), ...findImpurePolicy(root, packageRoot)]
  if (packageRoot === 'packages/contracts') return findZod(root)
  return []
}

function findAsync(root: string, packageRoot: string): string[] {
  return sources(root, packageRoot, 'src/**/*.ts').flatMap(({ file, imports }) =>
    imports.filter((found) => !found.typeOnly).flatMap((found) => {
      const where = `${file}:${found.line}:`
      if (asyncModules.includes(found.specifier)) return [`${where} ${found.specifier} has no place on the run path`]
      if (found.specifier !== 'node:fs') return []
      return found.names.filter((name) => !/Sync$|^constants$/.test(name))
        .map((name) => `${where} ${name} of node:fs is not synchronous; other threads do not see the pod's mounts`)
    }))
}

/** The policy also runs where Node does not: in a VM's guest. */
function findImpurePolicy(root: string, packageRoot: string): string[] {
  return sources(root, packageRoot, 'src/policy{.ts,/**/*.ts}').flatMap(({ file, imports }) =>
    imports.filter((found) => found.specifier.startsWith('node:') && !found.typeOnly)
      .map((found) => `${file}:${found.line}: the supervision policy imports ${found.specifier}, but it must run without Node`))
}

/** The face without schemas is on the run path, where loading zod would cost more than the rest of our code. */
function findZod(root: string): string[] {
  const seen = new Set<string>()
  const visit = (file: string): string[] => {
    if (seen.has(file) || !existsSync(join(root, file))) return []
    seen.add(file)
    const eager = readImports(readFileSync(join(root, file), 'utf8')).filter((found) => !found.typeOnly && !found.dynamic)
    return eager.flatMap((found) => {
      if (found.specifier === 'zod') return [`${file}:${found.line}: reached from packages/contracts/src/index.ts, and loads zod`]
      return found.specifier.startsWith('.') ? visit(normalize(join(file, '..', found.specifier))) : []
    })
  }
  return visit('packages/contracts/src/index.ts')
}

function sources(root: string, packageRoot: string, pattern: string): { file: string, imports: Import[] }[] {
  return globSync(pattern, { cwd: join(root, packageRoot) }).filter((file) => !file.endsWith('.test.ts')).sort().map((name) => {
    const file = `${packageRoot}/${name}`
    return { file, imports: readImports(readFileSync(join(root, file), 'utf8')) }
  })
}
