import * as z from 'zod'

/** The registered algorithms, full length, lower case: checked before anything makes a path or a URL of it. */
export const OciDigest = z
  .string()
  .max(200)
  .regex(/^(sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128})$/, 'is not a digest')

export const OciAnnotations = z.record(z.string(), z.string())

export const OciPlatform = z.object({
  'architecture': z.string(),
  'os': z.string(),
  'os.version': z.string().optional(),
  'os.features': z.array(z.string()).nullish(),
  'variant': z.string().optional(),
})
export type OciPlatform = z.infer<typeof OciPlatform>

/** Spec: OCI image-spec, descriptor.md. */
export const OciDescriptor = z.object({
  mediaType: z.string().min(1).max(255),
  digest: OciDigest,
  size: z.int().min(0),
  urls: z.array(z.string()).nullish(),
  annotations: OciAnnotations.nullish(),
  data: z.string().optional(),
  artifactType: z.string().optional(),
  platform: OciPlatform.nullish(),
})
export type OciDescriptor = z.infer<typeof OciDescriptor>
