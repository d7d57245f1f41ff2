import type { ImageName } from '../image-name.ts'

export interface Filled {
  image: string
  signature: string
}

/**
 * `{name}` and `{LABEL}` of a template filled in, and `{ext}` for the image and its signature. Undefined when something is left over: the
 * image has no such label. A label's value is escaped where it could mean something else in a URL. Spec: appc 0.8.11, "Meta Discovery".
 */
export function fillTemplate(template: string, { name, labels }: ImageName): Filled | undefined {
  const values = new Map([['name', name], ...labels.map((label) => [label.name, escapeValue(label.value)] as const)])
  const fill = (ext: string): string => template.replace(/\{([^{}]*)\}/g, (whole, key: string) => (key === 'ext' ? ext : values.get(key) ?? whole))
  const image = fill('aci')
  return image.includes('{') ? undefined : { image, signature: fill('aci.asc') }
}

/** Versions have plus signs and tildes, and rkt put them in as they are. */
function escapeValue(value: string): string {
  return encodeURIComponent(value).replace(/%(?:2B|3A|40|2C|3D)/g, (escape) => decodeURIComponent(escape))
}
