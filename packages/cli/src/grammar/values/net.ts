import { FlagValueError, type FlagKind } from '../flag.ts'

export interface NetworkArgument {
  name: string
  /** CNI_ARGS, verbatim. */
  args?: string
}

/** `--net`, repeatable; alone it means `default`. An empty list is: nobody said. */
export const networks: FlagKind<readonly NetworkArgument[]> = {
  initial: [],
  bareText: 'default',
  valueIsOptional: true,
  shownDefault: 'default',
  add(soFar, text) {
    const all = [...soFar]
    for (const part of text.split(',')) {
      const network = parseNetwork(part)
      if (all.some((other) => other.name === network.name))
        throw new FlagValueError(`found duplicate netname ${JSON.stringify(network.name)}`)
      all.push(network)
    }
    return all
  },
}

/** `NAME[:K=V[;K2=V2…]]`. */
export function parseNetwork(text: string): NetworkArgument {
  const [name = '', ...rest] = text.split(':')
  if (name === '') throw new FlagValueError('netname must not be empty')
  if (rest.length > 0 && (name === 'all' || name === 'host')) {
    throw new FlagValueError(`arguments are not supported by special netname ${JSON.stringify(name)}`)
  }
  if (rest.length > 1) throw new FlagValueError(`network ${JSON.stringify(name)} provided with invalid arguments: [${rest.join(' ')}]`)
  return rest[0] === undefined ? { name } : { name, args: rest[0] }
}
