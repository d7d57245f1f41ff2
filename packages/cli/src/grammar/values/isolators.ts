import { FlagValueError, type FlagKind } from '../flag.ts'

/** `--caps-retain`, `--caps-remove`: `CAP_A,CAP_B`; the last one given wins. */
export const capabilities: FlagKind<readonly string[]> = {
  initial: [],
  shownDefault: '',
  add(_, text) {
    const set = text
      .split(',')
      .map((name) => name.trim())
      .filter((name) => name !== '')
    if (set.length === 0) throw new FlagValueError('set must be non-empty')
    for (const name of set) {
      if (!/^CAP_[A-Z_0-9]+$/.test(name)) throw new FlagValueError(`invalid capability ${JSON.stringify(name)}`)
    }
    return set
  },
}

/** `--seccomp=mode=retain|remove[,errno=EXXX],CALL,CALL…`, handed on as written. */
export const seccomp: FlagKind<string> = {
  initial: '',
  shownDefault: '',
  add(_, text) {
    const parts = text.split(',').map((part) => part.trim())
    const value = (key: string): string[] => parts.filter((part) => part.startsWith(`${key}=`)).map((part) => part.slice(key.length + 1))
    const modes = value('mode')
    if (modes.length !== 1 || !['retain', 'remove'].includes(modes[0] ?? ''))
      throw new FlagValueError('invalid seccomp mode command-line override')
    const errnos = value('errno')
    const calls = parts.filter((part) => !part.includes('='))
    const known = parts.every((part) => part !== '' && (!part.includes('=') || /^(mode|errno)=/.test(part)))
    if (!known || errnos.length > 1 || calls.length === 0 || errnos.some((name) => !/^E[A-Z0-9]+$/.test(name))) {
      throw new FlagValueError('invalid seccomp command-line override')
    }
    return text
  },
}

/** `--supplementary-gids=1,2`, repeatable. */
export const supplementaryGids: FlagKind<readonly number[]> = {
  initial: [],
  shownDefault: '',
  add(soFar, text) {
    const gids = text.split(',').map((word) => word.trim())
    if (gids.some((gid) => !/^[0-9]{1,10}$/.test(gid) || Number(gid) > 4294967294)) {
      throw new FlagValueError('--supplementary-gids must be integers')
    }
    return [...soFar, ...gids.map(Number)]
  },
}
