import * as z from 'zod'
import { checkAcIdentifier, checkAcName } from './names.ts'

/** A string that must be there: absent, of another type and empty all give the library's message. */
export function required(message: string): z.ZodString {
  return z.string({ error: message }).min(1, { error: message, abort: true })
}

/** `check` returns what is wrong, or undefined. */
export function checked<T extends z.ZodType>(schema: T, check: (value: z.output<T>) => string | undefined): T {
  return schema.superRefine((value, context) => {
    const message = check(value)
    if (message !== undefined) context.addIssue({ code: 'custom', message })
  })
}

/** The first value that comes twice. */
export function findRepeated(values: readonly string[]): string | undefined {
  return values.find((value, index) => values.indexOf(value) !== index)
}

export function acIdentifier(missing: string): z.ZodString {
  return checked(required(missing), checkAcIdentifier)
}

export function acName(missing: string): z.ZodString {
  return checked(required(missing), checkAcName)
}

const identifier = String.raw`(0|[1-9]\d*|\d*[a-zA-Z-][\da-zA-Z-]*)`
/** SemVer 2.0.0: three numbers, a pre-release, build metadata. */
const semVer = new RegExp(
  String.raw`^(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)(-${identifier}(\.${identifier})*)?(\+[\da-zA-Z-]+(\.[\da-zA-Z-]+)*)?$`,
)

export const AcVersion = checked(required('acVersion must be set'), (value) =>
  !semVer.test(value) ? 'SemVer is bad' : /^0\.0\.0($|[-+])/.test(value) ? 'SemVer cannot be zero' : undefined,
)

export function acKind(kind: 'ImageManifest' | 'PodManifest'): z.ZodString {
  return checked(required('ACKind must be set'), (value) => (value === kind ? undefined : `bad ACKind: ${value}`))
}

/** `sha512-` and a hash, whose length nobody checks: truncated IDs are legal. */
export const ImageHash = checked(z.string(), (value) => {
  const parts = value.split('-')
  if (parts.length !== 2) return 'badly formatted hash string'
  if (parts[0] === '') return 'unexpected empty hash type'
  if (parts[0] !== 'sha512') return `unrecognized hash type: ${parts[0]}`
  return parts[1] === '' ? 'unexpected empty hash value' : undefined
})

export const NamedValue = z.object({ name: acIdentifier('ACIdentifier cannot be empty'), value: z.string() })

const architectures: Record<string, readonly string[]> = {
  linux: ['amd64', 'i386', 'aarch64', 'aarch64_be', 'armv6l', 'armv7l', 'armv7b', 'ppc64', 'ppc64le', 's390x'],
  freebsd: ['amd64', 'i386', 'arm'],
  darwin: ['x86_64', 'i386'],
}

export const Labels = checked(z.array(NamedValue), (labels) => {
  const repeated = findRepeated(labels.map(({ name }) => name))
  if (repeated !== undefined) return `duplicate labels of name "${repeated}"`
  if (labels.some(({ name }) => name === 'name')) return 'invalid label name: "name"'
  const value = (name: string): string | undefined => labels.find((label) => label.name === name)?.value
  const os = value('os')
  if (os === undefined) return undefined
  const known = Object.hasOwn(architectures, os) ? architectures[os]! : undefined
  if (known === undefined) return `bad os "${os}" (must be one of: [${Object.keys(architectures).sort().join(' ')}])`
  const arch = value('arch')
  if (arch === undefined || known.includes(arch)) return undefined
  return `bad arch "${arch}" for ${os} (must be one of: [${known.join(' ')}])`
})

export const Annotations = checked(z.array(NamedValue), (annotations) => {
  const repeated = findRepeated(annotations.map(({ name }) => name))
  if (repeated !== undefined) return `duplicate annotations of name "${repeated}"`
  for (const { name, value } of annotations) {
    if (name === 'created' && !isDate(value)) return `bad Date: ${value}`
    if (name === 'homepage' || name === 'documentation') {
      if (!URL.canParse(value)) return `bad URL: ${value}`
      if (!/^https?:/i.test(value)) return 'bad URL scheme, must be http/https'
    }
  }
  return undefined
})

function isDate(text: string): boolean {
  return /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/.test(text) && !Number.isNaN(Date.parse(text))
}
