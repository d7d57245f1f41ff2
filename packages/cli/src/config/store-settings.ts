import type { EvictionLimits } from '@rocket/store'
import { FlagValueError } from '../grammar/flag.ts'
import { parseGoDuration } from '../grammar/go-values.ts'
import { parseQuantity } from '../grammar/values/quantity.ts'
import { invalid, readConfigFiles, type ConfigFile } from './config-files.ts'
import type { Settings } from './settings.ts'

/**
 * What `store.d` says of the store as a cache: `maxAge` a duration (`720h`), `maxBytes` a quantity (`20Gi`). A later layer wins; twice in
 * one layer is refused. Throws CONFIG_INVALID.
 */
export function readCacheLimits({ systemConfig, localConfig, userConfig }: Settings): EvictionLimits {
  const limits: EvictionLimits = {}
  for (const layer of [systemConfig, localConfig, ...(userConfig === undefined ? [] : [userConfig])]) {
    const files = readConfigFiles(layer, 'store.d', ['store'])
    const maxAge = onlyOne(files, 'maxAge')
    const maxBytes = onlyOne(files, 'maxBytes')
    if (maxAge !== undefined) limits.maxAgeMs = parsed(maxAge, 'maxAge', parseGoDuration)
    if (maxBytes !== undefined) limits.maxBytes = parsed(maxBytes, 'maxBytes', (text) => Number(parseQuantity(text) / 1_000_000_000n))
  }
  return limits
}

function onlyOne(files: readonly ConfigFile[], field: string): ConfigFile | undefined {
  const [first, again] = files.filter(({ value }) => value[field] !== undefined)
  if (again !== undefined) throw invalid(again.path, `failed to parse "${again.path}": ${field} is already specified`)
  return first
}

function parsed({ path, value }: ConfigFile, field: string, parse: (text: string) => number): number {
  try {
    const number = typeof value[field] === 'string' ? parse(value[field]) : Number.NaN
    if (number >= 0) return number
  } catch (error) {
    if (!(error instanceof FlagValueError)) throw error
  }
  throw invalid(path, `failed to parse "${path}": ${field} must be a string such as ${field === 'maxAge' ? '"720h"' : '"20Gi"'}`)
}
