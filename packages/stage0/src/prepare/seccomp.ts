import { RocketError, type Seccomp } from '@rocket/contracts'
import { syscallSets } from './seccomp-lists.ts'

export interface SeccompStatement {
  mode: 'retain' | 'remove'
  set: readonly string[]
  /** Empty: the default answer of the mode. */
  errno: string
  statedBy: string
}

/**
 * A stated filter with its wildcards expanded, calls sorted and unique. `@appc.io/all` among the retained is no filter, `@appc.io/empty`
 * among the removed the default one; both hide what stands beside them. Spec: appc, linux isolators. Throws ISOLATOR_INVALID.
 */
export function planSeccomp(statement: SeccompStatement, warn: (message: string) => void): Seccomp {
  const { mode, set, errno, statedBy } = statement
  if (set.length === 0) throw invalid(statedBy, 'set must be non-empty')
  if (errno !== '' && !/^E[A-Z0-9]+$/.test(errno)) throw invalid(statedBy, `errno ${JSON.stringify(errno)} is not the name of an error`)
  if (set.includes('@appc.io/all')) {
    if (mode === 'retain') return { mode: 'unconfined' }
    throw invalid(statedBy, 'removing every system call leaves nothing to run')
  }
  if (set.includes('@appc.io/empty')) {
    if (mode === 'remove') return { mode: 'default' }
    throw invalid(statedBy, 'retaining no system call leaves nothing to run')
  }
  const syscalls = [...new Set(set.flatMap((name) => expand(name, statedBy, warn)))].sort()
  if (syscalls.length === 0) throw invalid(statedBy, 'none of the names in its set is known')
  return { mode: mode === 'retain' ? 'allow' : 'deny', syscalls, ...(errno === '' ? {} : { errno }) }
}

/** `--seccomp=mode=retain|remove[,errno=EXXX],CALL,CALL…`, as the command line hands it on. */
export function parseSeccompOption(text: string): Pick<SeccompStatement, 'mode' | 'set' | 'errno'> {
  const parts = text.split(',').map((part) => part.trim())
  const valueOf = (key: string): string | undefined => parts.find((part) => part.startsWith(`${key}=`))?.slice(key.length + 1)
  const mode = valueOf('mode')
  if (mode !== 'retain' && mode !== 'remove') throw invalid('--seccomp', 'invalid seccomp mode command-line override')
  return { mode, errno: valueOf('errno') ?? '', set: parts.filter((part) => part !== '' && !part.includes('=')) }
}

function expand(name: string, statedBy: string, warn: (message: string) => void): string[] {
  if (!name.startsWith('@')) {
    if (/^[a-z0-9_]+$/.test(name)) return [name]
    throw invalid(statedBy, `${JSON.stringify(name)} is not the name of a system call`)
  }
  const [scope = '', group = ''] = name.slice(1).split('/')
  const groups = Object.hasOwn(syscallSets, scope) ? syscallSets[scope] : undefined
  const calls = groups !== undefined && Object.hasOwn(groups, group) ? groups[group] : undefined
  if (calls !== undefined) return calls.split(' ')
  warn(`warning: ${statedBy} names the unknown set of system calls ${name}, which is left out`)
  return []
}

function invalid(statedBy: string, why: string): RocketError {
  return new RocketError('ISOLATOR_INVALID', { what: `the seccomp filter stated by ${statedBy} cannot be used`, why, hint: `mend or leave out ${statedBy}` })
}
