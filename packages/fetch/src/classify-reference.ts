import { statSync } from 'node:fs'
import { extname, resolve } from 'node:path'
import { RocketError } from '@rocket/contracts'
import { formatArchiveReference, parseArchiveReference, splitLayoutReference, type ArchiveReference } from './archive-reference.ts'
import { formatDockerReference, parseDockerReference, type DockerReference } from './docker-reference.ts'
import { parseImageName, type ImageName } from './image-name.ts'

/** What an image argument means. `key` is the same for all ways to write the same image. */
export type Reference =
  | { kind: 'id'; key: string; text: string }
  | { kind: 'name'; key: string; image: ImageName }
  | { kind: 'file'; key: string; path: string }
  | { kind: 'url'; key: string; url: string }
  | { kind: 'docker'; key: string; docker: DockerReference }
  | { kind: 'oci-layout'; key: string; directory: string; tag: string | undefined; digest: string | undefined }
  | { kind: 'archive'; key: string; archive: ArchiveReference }

export interface ClassifyOptions {
  /** What relative paths are relative to. */
  cwd?: string
  isFile?: (path: string) => boolean
}

/**
 * By rkt's rules, to which `oci:DIRECTORY[:TAG][@DIGEST]`, the words of `parseArchiveReference` and `sha256:…` are added. Pure but for the
 * question whether a relative name is a file. Throws IMAGE_REFERENCE_INVALID, DIGEST_INVALID. Reference: rkt, "Classifying an image argument".
 */
export function classifyReference(text: string, options: ClassifyOptions = {}): Reference {
  const absolute = (path: string): string => resolve(options.cwd ?? process.cwd(), path)
  if (/^sha512-[0-9a-fA-F]+$/.test(text) || /^sha256:[0-9a-fA-F]{2,64}$/.test(text)) return { kind: 'id', key: text, text }
  const scheme = /^([a-zA-Z][a-zA-Z0-9+.-]*):/.exec(text)?.[1]?.toLowerCase()
  switch (scheme) {
    case undefined: return classifyPlain(text, absolute, options.isFile ?? isRegularFile)
    case 'file': case 'http': case 'https': return classifyUrl(text, scheme)
    case 'docker': {
      const docker = parseDockerReference(text.slice('docker:'.length).replace(/^\/\//, ''))
      return { kind: 'docker', key: formatDockerReference(docker), docker }
    }
    case 'oci': return classifyLayout(text.slice('oci:'.length), absolute)
    case 'oci-archive': case 'docker-archive': case 'dir': return classifyArchive(text, absolute)
    case 'cimd': return classifyCimd(text)
    default: return name(text)
  }
}

/** The reference as `request.json` holds it: files and layouts by absolute path, everything else as written. */
export function absoluteReference(text: string, options: ClassifyOptions = {}): string {
  const reference = classifyReference(text, options)
  if (reference.kind === 'file') return reference.path
  if (reference.kind === 'archive') return reference.key
  if (reference.kind === 'oci-layout') return formatLayout(reference.directory, reference)
  return text
}

function classifyPlain(text: string, absolute: (path: string) => string, isFile: (path: string) => boolean): Reference {
  if (text.startsWith('/')) return file(text)
  if (text !== '' && isFile(absolute(text))) return file(absolute(text))
  if (text.includes(':')) return name(text)
  if (text.includes('./') || extname(text) === '.aci') return file(absolute(text))
  return name(text)
}

function classifyUrl(text: string, scheme: string): Reference {
  let url: URL
  try {
    url = new URL(text)
  } catch (cause) {
    throw invalid(text, cause)
  }
  if (!url.pathname.endsWith('.aci')) throw invalid(text)
  if (scheme === 'file') return file(decodeURIComponent(url.pathname))
  if (url.username !== '' || url.password !== '') throw withCredentials(url)
  url.hash = ''
  return { kind: 'url', key: url.href, url: url.href }
}

function classifyLayout(text: string, absolute: (path: string) => string): Reference {
  const { path: directory, tag, digest } = splitLayoutReference(text)
  if (directory === '') throw invalid(`oci:${text}`)
  const path = absolute(directory)
  return {
    kind: 'oci-layout', key: digest === undefined ? `oci:${path}:${tag ?? ''}` : formatLayout(path, { digest }), directory: path, tag, digest,
  }
}

function formatLayout(directory: string, { tag, digest }: { tag?: string | undefined; digest: string | undefined }): string {
  return `oci:${directory}${tag === undefined ? '' : `:${tag}`}${digest === undefined ? '' : `@${digest}`}`
}

function classifyArchive(text: string, absolute: (path: string) => string): Reference {
  const archive = parseArchiveReference(text, absolute)
  if (archive === undefined) throw invalid(text)
  return { kind: 'archive', key: formatArchiveReference(archive), archive }
}

/** rkt's internal form `cimd:TYPE:v=0:DATA`. */
function classifyCimd(text: string): Reference {
  const [, type, version, ...data] = text.split(':')
  let value: string
  try {
    value = decodeURIComponent(data.join(':'))
  } catch (cause) {
    throw invalid(text, cause)
  }
  if (version !== 'v=0' || value === '') throw invalid(text)
  if (type === 'aci-archive') return classifyReference(value)
  if (type === 'docker') return classifyReference(`docker://${value}`)
  if (type === 'appc') return name(value)
  throw invalid(text)
}

function name(text: string): Reference {
  return { kind: 'name', key: `name:${text}`, image: parseImageName(text) }
}

function file(path: string): Reference {
  return { kind: 'file', key: `file:${path}`, path }
}

function isRegularFile(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isFile() === true
}

function withCredentials(url: URL): RocketError {
  return new RocketError('IMAGE_REFERENCE_INVALID', {
    what: `the image URL at ${url.host} contains credentials`, why: 'they would be written into the documents of the pod',
    hint: 'put them into a file of kind auth in /etc/rkt/auth.d',
  })
}

function invalid(text: string, cause?: unknown): RocketError {
  return new RocketError('IMAGE_REFERENCE_INVALID', {
    what: `invalid image string ${JSON.stringify(text.slice(0, 300).replace(/\/\/[^/@]*@/, '//'))}`, cause,
    hint: 'an image is a path or URL ending in .aci, docker://HOST/NAME[:TAG], oci:DIRECTORY[:TAG][@DIGEST], ' +
      'oci-archive:FILE[:TAG], docker-archive:FILE[:NAME:TAG], dir:DIRECTORY, an image ID, or a name',
  })
}
