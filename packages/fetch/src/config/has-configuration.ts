import { existsSync } from 'node:fs'
import { join } from 'node:path'

/** `RKT_CONFIG_DIRS`: colon-separated, in the order system, local, user; empty parts are skipped. */
export function configDirectories(environment: NodeJS.ProcessEnv = process.env): string[] {
  return (environment['RKT_CONFIG_DIRS'] ?? '').split(':').filter((part) => part !== '')
}

/** Whether anything may be configured there; `name` is as `registries.d`. On the run path, where nothing is read. */
export function hasConfiguration(name: string): boolean {
  return configDirectories().some((directory) => existsSync(join(directory, name)))
}
