/**
 * Builds `dist/`: the `rkt` bundle, a program for each stage, the native part and the launcher's quick half.
 * Everything is made in a fresh directory that then changes places with `dist/` in one step, so a launch sees the old
 * build or the new one, and a killed build leaves the old. The caller holds the lock (tools/setup/setup.sh).
 */
import { existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { bundlePrograms } from './bundle.ts'
import { compileLauncher } from './compile-launcher.ts'
import { buildNative } from './native-part.ts'
import { run } from './run.ts'
import { listSources } from './sources.ts'
import { warmCompileCache } from './warm.ts'

const root = join(import.meta.dirname, '../../..')
const parent = join(root, '.rocket/builds')
const fresh = join(parent, `${Date.now().toString(36)}-${process.pid}`)

try {
  await buildFresh()
  putInPlace()
} catch (error) {
  rmSync(fresh, { recursive: true, force: true })
  console.error(error instanceof Error ? error.message : error)
  process.exitCode = 1
}

async function buildFresh(): Promise<void> {
  mkdirSync(fresh, { recursive: true })
  // First of all: an edit made from here on is newer than this build.
  writeFileSync(join(fresh, 'stamp'), '')
  const native = buildNative(root, fresh)
  const inputs = await bundlePrograms(root, fresh)
  writeFileSync(join(fresh, 'sources'), [pinnedNode(), ...listSources(root, [...inputs, ...native])].join('\n') + '\n')
  compileLauncher(root, fresh)
  warmCompileCache(root, fresh)
}

function pinnedNode(): string {
  return `node_modules/node-linux-${process.arch}/bin/node`
}

/** The build before this one is kept for a while, for what still runs from it; what is older, or was never finished, goes. */
function putInPlace(): void {
  const dist = join(root, 'dist')
  if (!existsSync(dist)) mkdirSync(dist)
  run(join(fresh, 'launch'), ['--swap', fresh, dist])
  const leftovers = readdirSync(parent).map((name) => join(parent, name)).filter((path) => path !== fresh)
  for (const path of leftovers) rmSync(path, { recursive: true, force: true })
}
