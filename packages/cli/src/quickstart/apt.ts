import { runProgram } from '@rocket/host'
import { writeOut } from '../print/write.ts'

const limitMs = 300_000

export interface AptOptions {
  cwd?: string
  /** Its output is shown. */
  isLoud?: boolean
}

/**
 * Runs apt-get as root. On a fresh machine, or one that was left alone for long, apt knows no package or one that is there no more: so
 * when it fails it is tried again with new lists, which is said before they are fetched. False when it fails all the same.
 */
export function runApt(words: readonly string[], options: AptOptions = {}): boolean {
  if (run(words, options)) return true
  writeOut('\n# apt has no lists of packages, or old ones. This fetches them, and then it is tried again:\n')
  return update() && run(words, { ...options, isLoud: true })
}

function update(): boolean {
  writeOut('$ apt-get update\n')
  return run(['update'], { isLoud: true })
}

function run(words: readonly string[], { cwd, isLoud }: AptOptions): boolean {
  const { exitCode } = runProgram('apt-get', ['-q', '-o', 'DPkg::Lock::Timeout=120', ...words], {
    env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }, timeoutMs: limitMs,
    ...(cwd === undefined ? {} : { cwd }), ...(isLoud === true ? { stdout: 'inherit', stderr: 'inherit' } : {}),
  })
  return exitCode === 0
}
