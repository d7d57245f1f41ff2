import { existsSync, realpathSync, renameSync, rmSync } from 'node:fs'
import { basename, dirname, join, resolve } from 'node:path'
import { RocketError } from '@rocket/contracts'

/**
 * Makes a directory that somebody named: `fill` gets a name beside it, which becomes the directory when it is whole. One that is there is
 * replaced only with `overwrite`, and only then. Throws USAGE, in rkt's words; what `fill` throws leaves what was there.
 */
export async function makeOutputDirectory(
  path: string, options: { overwrite: boolean; keep: string }, fill: (directory: string) => void | Promise<void>,
): Promise<void> {
  const target = resolve(path)
  if (existsSync(target)) refuseToReplace(target, options)
  const parent = realpathOf(dirname(target))
  const unfinished = join(parent, `.${basename(target)}.${process.pid}.tmp`)
  try {
    await fill(unfinished)
    rmSync(target, { recursive: true, force: true })
    renameSync(unfinished, target)
  } finally {
    rmSync(unfinished, { recursive: true, force: true })
  }
}

function refuseToReplace(target: string, { overwrite, keep }: { overwrite: boolean; keep: string }): void {
  if (!overwrite) throw usage('output directory exists (try --overwrite)')
  const real = realpathSync(target)
  if (real === '/') throw usage('this would delete your root filesystem. Refusing.')
  for (const [precious, what] of [[keep, 'the data directory'], [process.cwd(), 'the working directory']] as const) {
    if (`${precious}/`.startsWith(`${real}/`)) throw usage(`this would delete ${what} ${precious}. Refusing.`)
  }
}

function realpathOf(parent: string): string {
  if (!existsSync(parent)) throw usage(`there is no directory ${parent} to write into`)
  return realpathSync(parent)
}

function usage(what: string): RocketError {
  return new RocketError('USAGE', { what, hint: 'name a directory that does not exist, in one that does' })
}
