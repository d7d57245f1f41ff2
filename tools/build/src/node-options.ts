import { readFileSync } from 'node:fs'
import { join } from 'node:path'

/**
 * What the launcher starts Node with, chosen for commands that end, or become idle, within milliseconds. A supervisor asks for a collection when
 * it becomes idle and needs few threads; a start ends before its garbage must be collected; code that runs once or twice is not worth compiling
 * to machine code, regular expressions included. `--no-rehash-snapshot` saves a tenth of Node's start by keeping the hash seed that Node was built
 * with, so content from elsewhere is only read after cli's `beginAgain` has started us without it. One list for all, because compiled code is
 * kept per set of options.
 */
export function nodeOptions(root: string): string[] {
  return readFileSync(join(root, 'tools/setup/node-options'), 'utf8').trim().split(' ')
}
