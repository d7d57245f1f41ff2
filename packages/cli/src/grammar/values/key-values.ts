import { FlagValueError, type FlagKind } from '../flag.ts'

export interface KeyValue {
  name: string
  value: string
}

/** `--set-env`: each name once. */
export const setEnvironment: FlagKind<readonly KeyValue[]> = {
  initial: [],
  shownDefault: '',
  add(soFar, text) {
    const pair = splitKeyValue(text)
    if (pair === undefined) throw new FlagValueError('must be specified as key=value')
    if (soFar.some((other) => other.name === pair.name)) throw new FlagValueError(`key ${JSON.stringify(pair.name)} already set`)
    checkEnvironmentName(pair.name)
    return [...soFar, pair]
  },
}

/** `--environment` of an image: the last value of a name wins. */
export const imageEnvironment: FlagKind<readonly KeyValue[]> = {
  initial: [],
  shownDefault: '',
  add(soFar, text) {
    const pair = splitKeyValue(text)
    if (pair === undefined) throw new FlagValueError(`invalid format of --environment flag ${JSON.stringify(text)}`)
    checkEnvironmentName(pair.name)
    return [...soFar.filter((other) => other.name !== pair.name), pair]
  },
}

/** `--annotation`, `--user-annotation`, `--user-label`. */
export function keyValues(flagName: string): FlagKind<readonly KeyValue[]> {
  return {
    initial: [],
    shownDefault: '',
    add(soFar, text) {
      const pair = splitKeyValue(text)
      if (pair === undefined) throw new FlagValueError(`invalid format of --${flagName} flag ${JSON.stringify(text)}`)
      return [...soFar.filter((other) => other.name !== pair.name), pair]
    },
  }
}

export function splitKeyValue(text: string): KeyValue | undefined {
  const equals = text.indexOf('=')
  return equals < 1 ? undefined : { name: text.slice(0, equals), value: text.slice(equals + 1) }
}

/** appc's rule for the names of environment variables. */
export function checkEnvironmentName(name: string): void {
  if (!/^[A-Za-z_][A-Za-z_0-9.-]*$/.test(name)) {
    throw new FlagValueError(`environment variable name ${JSON.stringify(name)} must match [A-Za-z_][A-Za-z_0-9.-]*`)
  }
}
