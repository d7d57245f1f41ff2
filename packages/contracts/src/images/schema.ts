import * as z from 'zod'
import { ImageId, Uuid } from '../common/schema.ts'

/** Which image each reference of `request.json` turned out to be, in its order. */
export const Images = z.strictObject({
  version: z.literal(1),
  uuid: Uuid,
  images: z.array(z.strictObject({ reference: z.string().min(1), imageId: ImageId })),
}).meta({ title: 'Images', file: 'images.json', writer: 'fetch', readers: ['stage0', 'cli'] })
export type Images = z.infer<typeof Images>
