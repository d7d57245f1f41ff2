import { cpSync, existsSync, globSync } from 'node:fs'
import { join } from 'node:path'
import { run } from './run.ts'

/** Builds host's native part and copies it into the build; returns its sources, relative to the root. */
export function buildNative(root: string, out: string): string[] {
  const script = join(root, 'tools/build/src/native.ts')
  if (!existsSync(script)) return []
  run(process.execPath, [script])
  const built = join(root, 'packages/host/native/build')
  if (existsSync(built)) cpSync(built, join(out, 'native'), { recursive: true })
  return globSync('packages/host/native/*.{c,h}', { cwd: root })
}
