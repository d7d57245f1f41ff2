import { RocketError } from '@rocket/contracts'

/** Where an image lies in a registry. */
export interface DockerReference {
  /** `HOST[:PORT]`. */
  registry: string
  repository: string
  /** Empty when a digest names the image. */
  tag: string
  digest: string | undefined
}

const syntax = '"docker://[REGISTRY_HOST[:REGISTRY_PORT]/]IMAGE_NAME[:TAG]"'
const defaultRegistry = 'registry-1.docker.io'
const component = /^[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*$/
const tagPattern = /^[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$/
const hostPattern = /^([A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?|\[[0-9a-fA-F:]+\])(:[0-9]{1,5})?$/

/**
 * The part behind `docker:` or `docker://`: `[HOST[:PORT]/]NAME[:TAG][@DIGEST]`. The first component is a host when it contains `.` or `:`
 * or is `localhost`; names of one word on the default registry get `library/`; the tag defaults to `latest`. Everything is checked before
 * it can become part of a URL. Throws IMAGE_REFERENCE_INVALID, DIGEST_INVALID. Reference: rkt, "Docker images"; OCI distribution-spec,
 * "Pulling manifests".
 */
export function parseDockerReference(text: string): DockerReference {
  const at = text.indexOf('@')
  const digest = at === -1 ? undefined : checkDigest(text.slice(at + 1))
  const named = at === -1 ? text : text.slice(0, at)
  const slash = named.indexOf('/')
  const first = slash === -1 ? '' : named.slice(0, slash)
  const hasHost = /[.:]/.test(first) || first === 'localhost'
  const registry = !hasHost || first === 'docker.io' || first === 'index.docker.io' ? defaultRegistry : first.toLowerCase()
  const rest = hasHost ? named.slice(slash + 1) : named
  const colon = rest.lastIndexOf(':')
  const path = colon === -1 ? rest : rest.slice(0, colon)
  const tag = colon === -1 ? (digest === undefined ? 'latest' : '') : rest.slice(colon + 1)
  const repository = registry === defaultRegistry && path !== '' && !path.includes('/') ? `library/${path}` : path
  const tagFits = tagPattern.test(tag) || (tag === '' && colon === -1)
  const nameFits = repository.length <= 255 && repository.split('/').every((part) => component.test(part))
  if (!hostPattern.test(registry) || !nameFits || !tagFits) throw invalid(text)
  return { registry, repository, tag: digest === undefined ? tag : '', digest }
}

/** Two ways to write one image give one text. */
export function formatDockerReference(reference: DockerReference): string {
  const { registry, repository, tag, digest } = reference
  return `docker://${registry}/${repository}${digest === undefined ? `:${tag}` : `@${digest}`}`
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
