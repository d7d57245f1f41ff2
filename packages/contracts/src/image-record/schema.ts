import * as z from 'zod'
import { AbsolutePath, AcIdentifier, AppName, Argv, Digest, Id32, ImageId, NameValue, Port, Sha256, StorePath } from '../common/schema.ts'

export const PortDeclaration = z.strictObject({
  name: AppName, protocol: z.string().min(1), port: Port, count: z.int().min(1).max(65535), socketActivated: z.boolean(),
})
/** An isolator with appc's own value, whatever it is. */
export const IsolatorEntry = z.strictObject({ name: AcIdentifier, value: z.unknown() })
export const EventHandler = z.strictObject({ name: z.enum(['pre-start', 'post-stop']), exec: Argv })

export const NormalisedApp = z.strictObject({
  exec: z.array(z.string()),
  user: z.string(),
  group: z.string().meta({ description: 'empty: the primary group of the user' }),
  supplementaryGids: z.array(Id32),
  workingDirectory: AbsolutePath,
  environment: z.array(NameValue),
  mountPoints: z.array(z.strictObject({ name: AppName, path: AbsolutePath, readOnly: z.boolean() })),
  ports: z.array(PortDeclaration),
  isolators: z.array(IsolatorEntry),
  eventHandlers: z.array(EventHandler),
  stopSignal: z.string().regex(/^SIG[A-Z0-9+-]+$/).optional(),
  userAnnotations: z.record(z.string(), z.string()),
  userLabels: z.record(z.string(), z.string()),
})
export type NormalisedApp = z.infer<typeof NormalisedApp>

/** An image manifest in appc's terms, whatever format the image came in. Without `app` it is a library image. */
export const NormalisedManifest = z.strictObject({
  name: AcIdentifier,
  labels: z.array(NameValue),
  annotations: z.array(NameValue),
  app: NormalisedApp.optional(),
  dependencies: z.array(z.strictObject({
    imageName: AcIdentifier, imageId: z.string().optional(), labels: z.array(NameValue), sizeBytes: z.int().min(0).optional(),
  })),
  pathWhitelist: z.array(z.string()),
})
export type NormalisedManifest = z.infer<typeof NormalisedManifest>

/**
 * `digest` is of the bytes as served, `diffId` of the uncompressed tar. `tree` is the layer unpacked: shared by all images that
 * have the layer.
 */
export const Layer = z.strictObject({
  digest: Digest, diffId: Digest, mediaType: z.string(), sizeBytes: z.int().min(0), unpackedBytes: z.int().min(0), tree: StorePath.optional(),
})
export type Layer = z.infer<typeof Layer>

/**
 * One image, normalised; immutable and named by content. `layers` and `rootfs` are bottom first. `rootfs` is what an overlay of the
 * image is made of: usually the trees of the layers, where needed with a thin tree of directory metadata on top, or with trees that
 * were unpacked on the chain below them (architecture.md, Store). An ACI with dependencies or a path whitelist has one rendered tree
 * there, and none of its own; only its `rootfs` and `dependencies` change when it is fetched again and its dependencies have changed.
 */
export const ImageRecord = z.strictObject({
  version: z.literal(1),
  imageId: ImageId,
  format: z.enum(['aci', 'oci']),
  sha256: Sha256.optional().meta({ description: 'of the OCI manifest, as registries name it' }),
  sha512: z.string().regex(/^[0-9a-f]{128}$/).meta({ description: "the digest imageId is cut from: of an ACI's tar, of an OCI manifest's bytes" }),
  manifest: NormalisedManifest,
  layers: z.array(Layer),
  rootfs: z.array(StorePath),
  dependencies: z.array(ImageId).optional()
    .meta({ description: 'the images that rootfs was rendered from besides its own files: what the manifest asked for, as it was found, and theirs' }),
  sizeBytes: z.int().min(0).meta({ description: 'as served, all layers' }),
  unpackedBytes: z.int().min(0),
}).meta({ title: 'ImageRecord', file: 'images/<imageId>.json', writer: 'fetch', readers: ['stage0', 'cli'] })
export type ImageRecord = z.infer<typeof ImageRecord>
