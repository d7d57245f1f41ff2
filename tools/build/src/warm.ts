import { spawnSync } from 'node:child_process'
import { join } from 'node:path'

/** Node writes a module's compile cache at the end of the first process that loads it: this is that process. */
export function warmCompileCache(out: string): void {
  const result = spawnSync(process.execPath, [join(out, 'rkt.cjs'), 'version'], { encoding: 'utf8' })
  if (result.status !== 0) throw new Error(`the fresh build cannot say its version:\n${result.stderr}`)
}
