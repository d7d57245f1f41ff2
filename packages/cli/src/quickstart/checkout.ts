import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'

/** The checkout that we run from, built or from source; undefined for an installed program. */
export function findCheckout(): string | undefined {
  let directory = import.meta.dirname
  while (directory !== dirname(directory)) {
    if (existsSync(join(directory, 'rkt')) && existsSync(join(directory, 'packages/cli/package.json'))) return directory
    directory = dirname(directory)
  }
  return undefined
}
