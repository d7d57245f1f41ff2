import { readNamedFile } from '../../config/named-file.ts'
import { FlagValueError } from '../flag.ts'
import { checkEnvironmentName, splitKeyValue, type KeyValue } from './key-values.ts'

/** The files of `--set-env-file`; a later one wins over an earlier. Throws {@link FlagValueError}, and USAGE for one that cannot be read. */
export function readEnvFiles(paths: readonly string[]): KeyValue[] {
  const merged = new Map<string, string>()
  for (const path of paths) {
    for (const { name, value } of parseEnvFile(readNamedFile(path, 'name a file with a NAME=VALUE on each line'), path)) merged.set(name, value)
  }
  return [...merged].map(([name, value]) => ({ name, value }))
}

/** Lines `NAME=VALUE`; empty lines and lines that begin with `#` or `;` say nothing. The value is taken as it stands. */
export function parseEnvFile(content: string, path: string): KeyValue[] {
  const found: KeyValue[] = []
  for (const line of content.split(/\r?\n/)) {
    if (line.trim() === '' || /^\s*[#;]/.test(line)) continue
    const pair = splitKeyValue(line.trimStart())
    if (pair === undefined) throw new FlagValueError(`environment variable must be specified as name=value (file ${JSON.stringify(path)})`)
    if (found.some((other) => other.name === pair.name)) {
      throw new FlagValueError(`environment variable ${JSON.stringify(pair.name)} already set (file ${JSON.stringify(path)})`)
    }
    checkEnvironmentName(pair.name)
    found.push(pair)
  }
  return found
}
