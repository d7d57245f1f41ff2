import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { checkDocument, isErrno, isRocketError, RocketError, type PolicyRule } from '@rocket/contracts'
import { readFileCapped } from '@rocket/host'
import { withDefaultRegistry } from './default-registry.ts'

/** A rule and the file that says it. */
export interface LocatedRule extends PolicyRule {
  file: string
}

const largestPolicyBytes = 1 << 20

/**
 * The rules of `policy.d` of the configuration directories, in the order system, local, user. A later directory overrides the rule of an
 * earlier one for the same prefix. Throws CONFIG_INVALID for a file that is no policy, and for a prefix twice in one directory.
 */
export function readPolicy(directories: readonly string[]): LocatedRule[] {
  const rules = new Map<string, LocatedRule>()
  for (const directory of directories) {
    const layer = new Map<string, LocatedRule>()
    for (const file of listPolicyFiles(join(directory, 'policy.d'))) {
      for (const rule of readPolicyFile(file)) {
        const prefix = withDefaultRegistry(rule.prefix)
        const twice = layer.get(prefix)
        if (twice !== undefined) throw invalid(file, `the prefix ${JSON.stringify(rule.prefix)} has a rule in ${twice.file} already`)
        layer.set(prefix, { ...rule, prefix, file })
      }
    }
    for (const [prefix, rule] of layer) rules.set(prefix, rule)
  }
  return [...rules.values()]
}

/** As for rkt's other kinds of configuration: regular files that end in `.json`, directly in the directory. */
function listPolicyFiles(directory: string): string[] {
  try {
    return readdirSync(directory, { withFileTypes: true })
      .filter((entry) => entry.isFile() && entry.name.endsWith('.json')).map((entry) => join(directory, entry.name)).sort()
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return []
    if (isErrno(error, 'ENOTDIR')) throw invalid(directory, `expected ${JSON.stringify(directory)} to be a directory`)
    throw error
  }
}

function readPolicyFile(file: string): PolicyRule[] {
  try {
    return checkDocument('ImagePolicy', JSON.parse(readFileCapped(file, largestPolicyBytes).toString('utf8')), file).rules
  } catch (error) {
    if (isRocketError(error)) throw invalid(file, error.why ?? error.what, error)
    if (error instanceof SyntaxError) throw invalid(file, error.message, error)
    throw error
  }
}

function invalid(path: string, why: string, cause?: unknown): RocketError {
  return new RocketError('CONFIG_INVALID', {
    what: `the image policy ${path} cannot be used`, why, cause, hint: 'nothing is fetched while it is not known what is trusted: mend or remove the file',
  })
}
