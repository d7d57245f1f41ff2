import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { TestContext } from 'node:test'
import type { PolicyRule } from '@rocket/contracts'

/** Configuration directories of a test, of which fetching hears through the environment. */
export interface Configured {
  system: string
  local: string
  user: string
  /** A policy of the local directory. */
  writePolicy(rules: readonly PolicyRule[]): void
  /** A file that a policy names; returns its path. */
  writeFile(name: string, bytes: Uint8Array | string): string
}

export function configure(t: Pick<TestContext, 'after'>, directory: string): Configured {
  const at = (name: string): string => join(directory, name)
  const [system, local, user] = [at('usr'), at('etc'), at('home')]
  const before = process.env['RKT_CONFIG_DIRS']
  process.env['RKT_CONFIG_DIRS'] = [system, local, user].join(':')
  t.after(() => {
    if (before === undefined) delete process.env['RKT_CONFIG_DIRS']
    else process.env['RKT_CONFIG_DIRS'] = before
  })
  const writeFile = (name: string, bytes: Uint8Array | string): string => {
    mkdirSync(dirname(join(local, name)), { recursive: true })
    writeFileSync(join(local, name), bytes)
    return join(local, name)
  }
  return {
    system, local, user, writeFile,
    writePolicy: (rules) => void writeFile('policy.d/test.json', JSON.stringify({ rktVersion: 'v1', rktKind: 'imagePolicy', rules })),
  }
}
