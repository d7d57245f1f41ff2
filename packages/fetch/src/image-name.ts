import { RocketError } from '@rocket/contracts'

export interface ImageName {
  name: string
  labels: { name: string; value: string }[]
}

const identifier = /^[a-z0-9]([a-z0-9._~/-]*[a-z0-9])?$/

/**
 * `NAME[:VERSION][,LABEL=VALUE…]`, labels in the order they were written. Throws IMAGE_REFERENCE_INVALID, `invalid appc image string`.
 * Reference: appc spec, discovery, "App string"; rkt, "Classifying an image argument".
 */
export function parseImageName(text: string): ImageName {
  const [head = '', ...rest] = text.split(',')
  const colon = head.indexOf(':')
  const name = colon === -1 ? head : head.slice(0, colon)
  const labels: ImageName['labels'] = []
  if (colon !== -1) labels.push({ name: 'version', value: unescape(head.slice(colon + 1), text) })
  for (const part of rest) {
    const equals = part.indexOf('=')
    if (equals <= 0) throw invalid(text, `${JSON.stringify(part)} is not LABEL=VALUE`)
    labels.push({ name: part.slice(0, equals), value: unescape(part.slice(equals + 1), text) })
  }
  if (name === '') throw invalid(text, 'ACIdentifier cannot be empty')
  if (!identifier.test(name)) throw invalid(text, `${JSON.stringify(name)} is not an image name: lower-case letters, digits and -._~/ only`)
  const seen = new Set<string>()
  for (const label of labels) {
    if (!identifier.test(label.name)) throw invalid(text, `${JSON.stringify(label.name)} is not a label name`)
    if (label.name === 'name') throw invalid(text, 'the label "name" is reserved')
    if (label.value === '') throw invalid(text, `the label ${JSON.stringify(label.name)} is empty`)
    if (seen.has(label.name)) throw invalid(text, `the label ${JSON.stringify(label.name)} is given twice`)
    seen.add(label.name)
  }
  return { name, labels }
}

/** The other way round, for messages and as a reference. */
export function formatImageName({ name, labels }: ImageName): string {
  const version = labels.find((label) => label.name === 'version')
  const others = labels.filter((label) => label.name !== 'version').map((label) => `,${label.name}=${encodeURIComponent(label.value)}`)
  return `${name}${version === undefined ? '' : `:${encodeURIComponent(version.value)}`}${others.join('')}`
}

/** Labels asked for that were not said: the machine's, in appc's terms. */
export function withHostLabels(labels: ImageName['labels']): ImageName['labels'] {
  const host = [{ name: 'os', value: 'linux' }, { name: 'arch', value: hostArch() }]
  return [...labels, ...host.filter((own) => !labels.some((label) => label.name === own.name))]
}

export function hostArch(): string {
  return { x64: 'amd64', arm64: 'aarch64', ia32: 'i386', arm: 'armv7l' }[process.arch as string] ?? process.arch
}

function unescape(value: string, text: string): string {
  try {
    return decodeURIComponent(value.replaceAll('+', ' '))
  } catch (cause) {
    throw invalid(text, `${JSON.stringify(value)} has a broken percent escape`, cause)
  }
}

function invalid(text: string, why: string, cause?: unknown): RocketError {
  return new RocketError('IMAGE_REFERENCE_INVALID', {
    what: `invalid appc image string ${JSON.stringify(text)}`, why, cause,
    hint: 'write NAME[:VERSION][,LABEL=VALUE…], a path ending in .aci, https://…aci, docker://HOST/NAME[:TAG] or oci:DIRECTORY[:TAG]',
  })
}
