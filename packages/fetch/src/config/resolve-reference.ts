import { defaultRegistry, type DockerReference } from '../docker-reference.ts'
import type { Registries } from './load-registries.ts'

/** A place that may have an image. */
export interface Endpoint {
  registry: string
  repository: string
  /** Believed about tags: the registry itself always is. */
  tags: boolean
}

export interface ResolvedReference {
  /** With the registry that is meant. */
  reference: DockerReference
  /** In the order in which they are asked; the last one is the registry itself. */
  endpoints: readonly Endpoint[]
}

/**
 * What a reference means: a name without a host by its alias, else below the default registry of its longest prefix, else at docker's; then
 * the mirrors of the longest prefix before the registry itself. Pure.
 */
export function resolveReference(reference: DockerReference, registries: Registries): ResolvedReference {
  const { registry, repository } = whereIs(reference, registries)
  const resolved = { registry, repository, tag: reference.tag, digest: reference.digest }
  const place = `${registry}/${repository}`
  const prefix = longestPrefix(registries.mirrors.keys(), place)
  const mirrors = (prefix === undefined ? [] : registries.mirrors.get(prefix) ?? []).flatMap(({ location, tags }) => {
    const there = splitPlace(location + place.slice(prefix!.length))
    return there.repository === '' ? [] : [{ ...there, tags }]
  })
  return { reference: resolved, endpoints: [...mirrors, { registry, repository, tags: true }] }
}

type Place = Pick<DockerReference, 'registry' | 'repository'>

function whereIs({ registry, repository, shortName }: DockerReference, { aliases, defaults }: Registries): Place {
  if (shortName === undefined) return { registry, repository }
  const alias = aliases.get(shortName)
  if (alias !== undefined) return atDockerHub(splitPlace(alias))
  const prefix = longestPrefix(defaults.keys(), shortName)
  return prefix === undefined ? { registry, repository } : atDockerHub(splitPlace(`${defaults.get(prefix)}/${shortName}`))
}

function atDockerHub(place: Place): Place {
  const isBare = place.registry === defaultRegistry && !place.repository.includes('/')
  return isBare ? { ...place, repository: `library/${place.repository}` } : place
}

function longestPrefix(prefixes: Iterable<string>, name: string): string | undefined {
  let longest: string | undefined
  for (const prefix of prefixes) {
    const fits = prefix === '' || name === prefix || name.startsWith(`${prefix}/`)
    if (fits && prefix.length >= (longest?.length ?? 0)) longest = prefix
  }
  return longest
}

function splitPlace(place: string): Place {
  const slash = place.indexOf('/')
  return slash === -1 ? { registry: place, repository: '' } : { registry: place.slice(0, slash), repository: place.slice(slash + 1) }
}
