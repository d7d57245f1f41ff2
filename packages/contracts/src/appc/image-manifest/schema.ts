import * as z from 'zod'
import { AppcApp } from '../app.ts'
import { AcVersion, acIdentifier, acKind, Annotations, checked, ImageHash, Labels } from '../primitives.ts'

export const Dependency = z.object({
  imageName: acIdentifier('imageName cannot be empty'),
  imageID: ImageHash.optional(),
  labels: Labels.optional(),
  size: z.int().min(0).optional(),
})

/**
 * appc's image manifest, keys as the specification writes them (`parseImageManifest` accepts any case). Unknown keys are dropped. Without
 * `app` it is a library image. Spec: appc 0.8.11, "Image Manifest Schema".
 */
export const ImageManifest = z
  .object({
    acKind: acKind('ImageManifest'),
    acVersion: AcVersion,
    name: acIdentifier('name must be set'),
    labels: Labels.optional(),
    app: AppcApp.optional(),
    dependencies: z.array(Dependency).optional(),
    pathWhitelist: z
      .array(checked(z.string(), (path) => (path.startsWith('/') ? undefined : `"${path}" must be an absolute path`)))
      .optional(),
    annotations: Annotations.optional(),
  })
  .meta({ title: 'ImageManifest' })
export type ImageManifest = z.infer<typeof ImageManifest>
