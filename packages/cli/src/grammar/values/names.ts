import { FlagValueError, type FlagKind } from '../flag.ts'

/** appc's ACName: apps, volumes, ports. Messages are those of its library. */
export function checkAcName(name: string): string {
  return check('ACName', name, /^[a-z0-9-]*$/, 128)
}

/** appc's ACIdentifier: images, labels, annotations. */
export function checkAcIdentifier(name: string): string {
  return check('ACIdentifier', name, /^[a-z0-9._~/-]*$/, 1024)
}

function check(kind: string, name: string, letters: RegExp, maxLength: number): string {
  if (name === '') throw new FlagValueError(`${kind} cannot be empty`)
  if (!/^[a-z0-9]$/.test(name[0] ?? '') || !/^[a-z0-9]$/.test(name.at(-1) ?? '')) {
    throw new FlagValueError(`${kind} must start and end with only lower case alphanumeric characters`)
  }
  const also = kind === 'ACName' ? '"-"' : '"-", ".", "_", "~" and "/"'
  if (!letters.test(name)) throw new FlagValueError(`${kind} must contain only lower case alphanumeric characters plus ${also}`)
  if (name.length > maxLength) throw new FlagValueError(`${kind} must not be longer than ${maxLength} characters`)
  return name
}

/** `--name` of an app. */
export const appName: FlagKind<string> = { initial: '', shownDefault: '""', add: (_, text) => checkAcName(text) }
