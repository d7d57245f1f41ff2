import { type OciDescriptor, RocketError } from '@rocket/contracts'
import { digestOf } from '@rocket/host'
import { parseDigest } from '../digest.ts'
import { largestManifestBytes, ociManifestMediaTypes, parseManifestOrIndex } from '../oci-documents.ts'
import type { ContentFiles } from './content-files.ts'
import { checkContent, type ImageSource } from './image-source.ts'

/**
 * An image in a plain directory, in the form that skopeo calls `dir`: `manifest.json` is the manifest or index itself, `HEX.manifest.json`
 * are the manifests of an index, other files are named by the hex digits of their SHA-256. Throws IMAGE_ARCHIVE_INVALID,
 * IMAGE_DOCUMENT_INVALID, IMAGE_DOCUMENT_AMBIGUOUS. Spec: containers-transports(5), "dir:path".
 */
export function openImageDirectory(files: ContentFiles): ImageSource {
  const version = files.read('version', 4096)?.toString('utf8')
  if (version === undefined || !/^Directory Transport Version: 1\.\d+\n?$/.test(version)) {
    throw invalid(files, 'its file version does not say that it is one', 'an OCI layout is named with oci:DIR')
  }
  const bytes = files.read('manifest.json', largestManifestBytes)
  if (bytes === undefined) throw invalid(files, 'there is no manifest.json in it')
  const { mediaType } = parseManifestOrIndex(bytes)
  const root = { mediaType, digest: `sha256:${digestOf('sha256', bytes)}`, size: bytes.length }
  return {
    name: files.name,
    tag: undefined,
    imageName: undefined,
    root,
    readDocument: (descriptor, mostBytes) => {
      const found = descriptor.digest === root.digest ? bytes : files.read(fileName(descriptor), mostBytes)
      if (found === undefined) throw invalid(files, `it lacks ${descriptor.digest}`)
      return checkContent(found, descriptor, files.name)
    },
    openBlob: (descriptor, signal) => {
      if (files.sizeOf(fileName(descriptor)) === undefined) throw invalid(files, `it lacks ${descriptor.digest}`)
      return files.open(fileName(descriptor), signal)
    },
    findReferrers: () => [],
    close: () => files.close(),
  }
}

/** Where a directory keeps a blob, or a manifest that an index lists. Throws IMAGE_DOCUMENT_INVALID for other digests than SHA-256. */
export function fileName({ digest, mediaType }: OciDescriptor): string {
  const { algorithm, hex } = parseDigest(digest)
  if (algorithm !== 'sha256') {
    throw new RocketError('IMAGE_DOCUMENT_INVALID', { what: `${digest} has no place in a directory`, why: 'files are named by SHA-256 there' })
  }
  return ociManifestMediaTypes.includes(mediaType) ? `${hex}.manifest.json` : hex
}

function invalid(files: ContentFiles, why: string, hint = 'copy it again'): RocketError {
  return new RocketError('IMAGE_ARCHIVE_INVALID', { what: `${files.name} is not an image in a directory`, why, hint })
}
