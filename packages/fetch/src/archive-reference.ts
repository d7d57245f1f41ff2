import { RocketError } from '@rocket/contracts'
import { checkDigest } from './docker-reference.ts'

/** Where an image lies in a file or a plain directory, in the words of skopeo's transports. */
export interface ArchiveReference {
  transport: 'oci-archive' | 'docker-archive' | 'dir'
  path: string
  /** Which image: a tag or digest, in a docker-archive `NAME:TAG` or `@N`; a directory holds one only. */
  image: string | undefined
}

/**
 * `oci-archive:FILE[:TAG][@DIGEST]`, `docker-archive:FILE[:NAME:TAG|:@N]`, `dir:DIR`; undefined for other words. In an oci-archive what
 * follows the last colon is a tag unless it looks like a path; in a docker-archive everything after the first is the image.
 * Throws IMAGE_REFERENCE_INVALID, DIGEST_INVALID. Spec: containers-transports(5).
 */
export function parseArchiveReference(text: string, absolute: (path: string) => string): ArchiveReference | undefined {
  const [, transport, rest = ''] = /^(oci-archive|docker-archive|dir):(.*)$/s.exec(text) ?? []
  switch (transport) {
    case 'dir': return made(text, transport, absolute, rest, undefined)
    case 'oci-archive': {
      const { path, tag, digest } = splitLayoutReference(rest)
      return made(text, transport, absolute, path, digest ?? tag)
    }
    case 'docker-archive': {
      const colon = rest.indexOf(':')
      const image = colon === -1 || colon + 1 === rest.length ? undefined : rest.slice(colon + 1)
      return made(text, transport, absolute, colon === -1 ? rest : rest.slice(0, colon), image)
    }
    default: return undefined
  }
}

/** Two ways to write one image give one text. */
export function formatArchiveReference({ transport, path, image }: ArchiveReference): string {
  if (image === undefined) return `${transport}:${path}`
  return `${transport}:${path}${transport === 'oci-archive' && image.includes(':') ? '@' : ':'}${image}`
}

/**
 * `PATH[:TAG][@DIGEST]`. A path may contain colons and at signs; what follows the last colon is a tag unless it looks like a path. A
 * digest makes the tag superfluous, as in a registry. Throws DIGEST_INVALID.
 */
export function splitLayoutReference(text: string): { path: string; tag: string | undefined; digest: string | undefined } {
  const [, before, digestText] = /^(.*)@(sha(?:256|512):[^/]*)$/s.exec(text) ?? [undefined, text]
  const digest = digestText === undefined ? undefined : checkDigest(digestText)
  const colon = before.lastIndexOf(':')
  const hasTag = colon > 0 && !before.slice(colon + 1).includes('/')
  const tag = hasTag && colon + 1 < before.length && digest === undefined ? before.slice(colon + 1) : undefined
  return { path: hasTag ? before.slice(0, colon) : before, tag, digest }
}

function made(
  text: string, transport: ArchiveReference['transport'], absolute: (path: string) => string, path: string, image: string | undefined,
): ArchiveReference {
  if (path !== '') return { transport, path: absolute(path), image }
  throw new RocketError('IMAGE_REFERENCE_INVALID', {
    what: `invalid image string ${JSON.stringify(text.slice(0, 300))}`, why: 'it names no file or directory',
    hint: 'oci-archive:FILE[:TAG][@DIGEST], docker-archive:FILE[:NAME:TAG], or dir:DIR',
  })
}
