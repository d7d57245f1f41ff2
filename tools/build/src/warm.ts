import { spawnSync } from 'node:child_process'
import { join } from 'node:path'

/** The first process that runs the bundle leaves `main.code` behind (entry.ts): this is that process. */
export function warmCompileCache(out: string): void {
  const result = spawnSync(process.execPath, [join(out, 'rkt.cjs'), 'version'], { encoding: 'utf8' })
  if (result.status !== 0) throw new Error(`the fresh build cannot say its version:\n${result.stderr}`)
}
