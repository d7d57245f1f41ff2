import { basename } from 'node:path'
import { sanitizeAcIdentifier } from '@rocket/contracts'
import type { LocalReference } from './open-source.ts'

/**
 * The name and version under which an image from a file is found afterwards. A directory gives its own name. What an archive says of itself
 * was written by whoever made it: its images are all named below `archive/FILE`, which no registry and no discovery leads to, so that none
 * can stand in for an image from elsewhere (CVE-2026-50195).
 */
export function localImageName(source: LocalReference, tag: string | undefined): { name: string; version: string } {
  if (source.kind === 'oci-layout') return { name: sanitizeAcIdentifier(basename(source.directory)), version: tag ?? '' }
  const { transport, path } = source.archive
  if (transport === 'dir') return { name: sanitizeAcIdentifier(basename(path)), version: '' }
  const file = basename(path).replace(/(\.oci|\.docker)?(\.tar)?(\.(gz|zst|xz|bz2)|\.tgz)?$/i, '')
  const place = ['archive', sanitizeAcIdentifier(file === '' ? 'image' : file)]
  if (transport === 'oci-archive') return { name: place.join('/'), version: versionOf(tag ?? '') }
  const [, repository = '', version = ''] = /^(.*?)(?::([^:/]*))?$/s.exec(tag ?? '') ?? []
  if (repository !== '') place.push(sanitizeAcIdentifier(repository))
  return { name: place.join('/'), version: versionOf(version) }
}

/** Some tools write the whole reference in place of the tag. */
function versionOf(tag: string): string {
  const version = tag.split(':').at(-1) ?? ''
  return /^[\w][\w.-]{0,127}$/.test(version) ? version : ''
}
