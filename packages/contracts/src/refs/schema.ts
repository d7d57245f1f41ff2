import * as z from 'zod'
import { ImageId, NameValue, Sha256, StorePath, Time, Uuid } from '../common/schema.ts'

/** What a name means in this store. One file per image reference and per image name; the newest import wins among equals. */
export const NameRef = z.strictObject({
  version: z.literal(1),
  imageId: ImageId,
  reference: z.string().meta({ description: 'as the user wrote it, normalised' }),
  name: z.string(),
  labels: z.array(NameValue),
  latest: z.boolean().meta({ description: 'asked for without a version' }),
  sizeBytes: z.int().min(0).meta({ description: 'image and trees, for listing' }),
  importedAt: Time,
  lastUsedAt: Time,
  sha256: Sha256.optional(),
  http: z.strictObject({ etag: z.string().optional(), maxAgeSeconds: z.int().optional(), downloadedAt: Time }).optional(),
}).meta({ title: 'NameRef', file: 'refs/names/<key>.json', writer: 'fetch', readers: ['cli'] })
export type NameRef = z.infer<typeof NameRef>

/** What a pod uses, from before it leaves `prepare/` until it is collected. The bytes stay as long as this file does. */
export const PodRef = z.strictObject({
  version: z.literal(1), uuid: Uuid, pinnedAt: Time, images: z.array(ImageId), trees: z.array(StorePath),
}).meta({ title: 'PodRef', file: 'refs/pods/<uuid>.json', writer: 'fetch', readers: ['store'] })
export type PodRef = z.infer<typeof PodRef>
