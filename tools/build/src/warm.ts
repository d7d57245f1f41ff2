import { spawnSync } from 'node:child_process'
import { mkdirSync, renameSync } from 'node:fs'
import { join } from 'node:path'
import { nodeOptions } from './node-options.ts'

/** Takes the compiled code of each bundle after a first command, for commands that have not kept their own yet (entry.ts). */
export function warmCompileCache(root: string, out: string): void {
  mkdirSync(join(out, 'code'))
  for (const [bundle, words] of [['quick', ['version']], ['run', ['run', '--help']], ['main', ['gc', '--help']]] as const) {
    const result = spawnSync(process.execPath, [...nodeOptions(root), join(out, 'rkt.cjs'), ...words], { encoding: 'utf8' })
    if (result.status !== 0) throw new Error(`the fresh build cannot run rkt ${words.join(' ')}:\n${result.stderr}`)
    renameSync(join(out, 'code', `${bundle}-${words[0]}`), join(out, 'code', bundle))
  }
}
