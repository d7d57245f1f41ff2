import type { NameRef } from '@rocket/contracts'

/** `name:version`, as `image list` shows it and other commands take it. */
export function nameWithVersion({ name, labels }: { name: string; labels: NameRef['labels'] }): string {
  return withVersion(name, labelOf(labels, 'version'))
}

export function withVersion(name: string, version: string | undefined): string {
  return version === undefined ? name : `${name}:${version}`
}

export function labelOf(labels: NameRef['labels'], name: string): string | undefined {
  return labels.find((label) => label.name === name)?.value
}

/** What tables have room for. */
export function shortId(imageId: string): string {
  return imageId.slice(0, 'sha512-'.length + 12)
}
