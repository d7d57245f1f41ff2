import { cpSync, globSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { run } from './run.ts'

/** Builds host's native part, with the small programs of other packages, and copies it into the build; returns its sources, relative to the root. */
export function buildNative(root: string, out: string): string[] {
  const sources = globSync('packages/*/native/*.{c,h}', { cwd: root })
  if (sources.length === 0) return []
  run(process.execPath, [join(root, 'tools/build/src/native.ts')])
  const built = join(root, 'packages/host/dist/native')
  for (const name of readdirSync(built)) {
    if (name !== 'built-from' && !name.startsWith('.')) cpSync(join(built, name), join(out, 'native', name))
  }
  return sources
}
