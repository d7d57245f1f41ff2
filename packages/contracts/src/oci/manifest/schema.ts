import * as z from 'zod'
import { OciAnnotations, OciDescriptor } from '../descriptor.ts'

/**
 * An OCI image manifest, or docker's of schema 2, which has the same form. Layers bottom first. Unknown keys are dropped.
 * Spec: OCI image-spec, manifest.md.
 */
export const OciManifest = z
  .object({
    schemaVersion: z.literal(2),
    mediaType: z.string().optional(),
    artifactType: z.string().optional(),
    config: OciDescriptor,
    layers: z.array(OciDescriptor).max(1000),
    subject: OciDescriptor.nullish(),
    annotations: OciAnnotations.nullish(),
  })
  .meta({ title: 'OciManifest' })
export type OciManifest = z.infer<typeof OciManifest>
