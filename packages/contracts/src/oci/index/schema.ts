import * as z from 'zod'
import { OciAnnotations, OciDescriptor } from '../descriptor.ts'

/** An OCI image index, or docker's manifest list, which has the same form. Spec: OCI image-spec, image-index.md. */
export const OciIndex = z
  .object({
    schemaVersion: z.literal(2),
    mediaType: z.string().optional(),
    artifactType: z.string().optional(),
    manifests: z.array(OciDescriptor).max(10_000),
    subject: OciDescriptor.nullish(),
    annotations: OciAnnotations.nullish(),
  })
  .meta({ title: 'OciIndex' })
export type OciIndex = z.infer<typeof OciIndex>
