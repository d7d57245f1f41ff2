import type { OciDescriptor } from '@rocket/contracts'
import { parseManifestOrIndex } from '../oci-documents.ts'
import { imageNameKey, refName } from '../oci-layout.ts'
import type { CopyPlan } from './image-destination.ts'

export interface LayoutNames {
  /** By which it is found in the layout. */
  tag: string | undefined
  /** What it is called elsewhere. */
  imageName: string | undefined
}

export const layoutVersion = '{"imageLayoutVersion":"1.0.0"}'

/**
 * The entries of `index.json` for a copy: the image under its tag, and what is about it: under cosign's tags, or without a name, found by its
 * subject. Spec: OCI image-spec, image-layout.md, "index.json file".
 */
export function layoutEntries({ root, referrers }: CopyPlan, { tag, imageName }: LayoutNames): OciDescriptor[] {
  const entry = ({ mediaType, digest, size, platform, artifactType }: OciDescriptor, annotations: Record<string, string>): OciDescriptor => ({
    mediaType, digest, size,
    ...(artifactType === undefined ? {} : { artifactType }),
    ...(platform == null ? {} : { platform }),
    ...(Object.keys(annotations).length === 0 ? {} : { annotations }),
  })
  const named = (name: string | undefined): Record<string, string> => (name === undefined ? {} : { [refName]: name })
  return [
    entry(root.descriptor, { ...(imageName === undefined ? {} : { [imageNameKey]: imageName }), ...named(tag) }),
    ...referrers.map((referrer) => entry(referrer.descriptor, named(referrer.tag))),
  ]
}

/** The bytes of an `index.json` with these entries. An entry of the same name, or of the same digest and without a name, takes the place of a known one. */
export function formatLayoutIndex(known: Buffer | undefined, entries: readonly OciDescriptor[]): Buffer {
  const nameOf = ({ digest, annotations }: { digest?: string; annotations?: Readonly<Record<string, string>> | null }): string =>
    annotations?.[refName] ?? `@${digest}`
  const replaced = new Set(entries.map((entry) => nameOf({ ...entry, annotations: entry.annotations ?? null })))
  const kept = known === undefined ? [] : entriesOf(known).filter((entry) => !replaced.has(nameOf(entry)))
  return Buffer.from(JSON.stringify({
    schemaVersion: 2, mediaType: 'application/vnd.oci.image.index.v1+json', manifests: [...kept, ...entries],
  }))
}

/** As they are: what other tools keep in them stays. */
function entriesOf(bytes: Buffer): { digest?: string; annotations?: Record<string, string> | null }[] {
  return parseManifestOrIndex(bytes).kind === 'index' ? (JSON.parse(bytes.toString('utf8')) as { manifests: object[] }).manifests : []
}
