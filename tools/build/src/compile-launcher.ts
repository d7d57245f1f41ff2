import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { nodeOptions } from './node-options.ts'
import { run } from './run.ts'

/** Static when the C library allows it: without a dynamic loader the launcher's exec costs a third. */
export function compileLauncher(root: string, out: string): void {
  const compiler = process.env.CC ?? 'cc'
  const options = nodeOptions(root).map((option) => JSON.stringify(option)).join(',')
  const args = [`-DNODE_OPTIONS=${options}`, '-O2', '-s', '-Wall', '-Wextra', '-o', join(out, 'launch'), join(root, 'tools/setup/launch.c')]
  const attempt = spawnSync(compiler, ['-static', ...args], { stdio: 'ignore' })
  if (attempt.status !== 0) run(compiler, args)
}
