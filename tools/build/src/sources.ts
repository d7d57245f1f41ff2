import { globSync } from 'node:fs'

/** What a build was made from besides the modules in the bundles; relative to the root. */
const others = [
  'package-lock.json',
  'packages',
  'packages/*/src',
  'packages/*/package.json',
  'tools/build/src/*.ts',
  'tools/setup/*',
]

/**
 * The paths whose change makes a build stale. Packages from npm are left out: they change with `package-lock.json`.
 * The `src` directories stand for new files: a stage program that was not there before.
 */
export function listSources(root: string, inputs: readonly string[]): string[] {
  const own = inputs.filter((path) => !path.includes('node_modules/'))
  const listed = others.flatMap((pattern) => globSync(pattern, { cwd: root }))
  return [...new Set([...listed, ...own])].filter((path) => !path.endsWith('.test.ts')).sort()
}
