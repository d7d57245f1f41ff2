import { RocketError } from '@rocket/contracts'

/** Where an image lies in a registry. */
export interface DockerReference {
  /** `HOST[:PORT]`. */
  registry: string
  repository: string
  /** Empty when a digest names the image. */
  tag: string
  digest: string | undefined
  /** The name as written, when no host was written: configuration may say where it is. */
  shortName?: string
}

const syntax = '"docker://[REGISTRY_HOST[:REGISTRY_PORT]/]IMAGE_NAME[:TAG]"'
/** docker's, by the name that rkt gave it. */
export const defaultRegistry = 'registry-1.docker.io'
const component = /^[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*$/
const tagPattern = /^[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$/
/** What could be taken for an ID. */
const hexName = /^[0-9a-f]{64}$/
const hostPattern = /^([A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?|\[[0-9a-fA-F:]+\])(:[0-9]{1,5})?$/

/**
 * The part behind `docker:` or `docker://`: `[HOST[:PORT]/]NAME[:TAG][@DIGEST]`, in all forms that docker takes. The first component is a
 * host when it contains `.`, `:` or a capital, or is `localhost`; names of one word on the default registry get `library/`; the tag
 * defaults to `latest`, and beside a digest it only speaks to people. Everything is checked before it can become part of a URL. Throws
 * IMAGE_REFERENCE_INVALID, DIGEST_INVALID. Reference: rkt, "Docker images"; distribution, "reference"; OCI distribution-spec, "Pulling
 * manifests".
 */
export function parseDockerReference(text: string): DockerReference {
  const at = text.indexOf('@')
  const digest = at === -1 ? undefined : checkDigest(text.slice(at + 1))
  const named = at === -1 ? text : text.slice(0, at)
  const slash = named.indexOf('/')
  const first = slash === -1 ? '' : named.slice(0, slash)
  const hasHost = /[.:A-Z]/.test(first) || first === 'localhost'
  const registry = hasHost ? canonicalHost(first) : defaultRegistry
  const rest = hasHost ? named.slice(slash + 1) : named
  const colon = rest.lastIndexOf(':')
  const path = colon === -1 ? rest : rest.slice(0, colon)
  const tag = colon === -1 ? (digest === undefined ? 'latest' : '') : rest.slice(colon + 1)
  const repository = registry === defaultRegistry && path !== '' && !path.includes('/') ? `library/${path}` : path
  const tagFits = tagPattern.test(tag) || (tag === '' && colon === -1)
  const couldBeId = !hasHost && hexName.test(path)
  const nameFits = !couldBeId && repository.length <= 255 && repository.split('/').every((part) => component.test(part))
  // A host may end in a number only when it is an IP address, and ports have an end.
  const hostFits = hostPattern.test(registry) && URL.canParse(`https://${registry}/`)
  if (!hostFits || !nameFits || !tagFits) throw invalid(text)
  return { registry, repository, tag: digest === undefined ? tag : '', digest, ...(hasHost ? {} : { shortName: path }) }
}

/** Hosts do not care for case, and docker's own has several names. One that only a capital shows to be a host keeps it. */
export function canonicalHost(host: string): string {
  const lower = host.toLowerCase()
  if (lower === 'docker.io' || lower === 'index.docker.io') return defaultRegistry
  return /[.:]/.test(lower) || lower === 'localhost' ? lower : host
}

/** Two ways to write one image give one text; a name without a host stays one, as only the configuration knows where it is. */
export function formatDockerReference({ registry, repository, tag, digest, shortName }: DockerReference): string {
  return `docker://${shortName ?? `${registry}/${repository}`}${digest === undefined ? `:${tag}` : `@${digest}`}`
}

/** Throws DIGEST_INVALID. */
export function checkDigest(text: string): string {
  if (/^(sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128})$/.test(text)) return text
  throw new RocketError('DIGEST_INVALID', {
    what: `${JSON.stringify(text.slice(0, 140))} is not a digest`,
    why: 'a digest is sha256: with 64, or sha512: with 128 lower-case hex digits',
  })
}

function invalid(text: string): RocketError {
  return new RocketError('IMAGE_REFERENCE_INVALID', {
    what: `invalid docker URL ${JSON.stringify(`docker://${text.slice(0, 300)}`)}; expected syntax is ${syntax}`,
  })
}
