import type { OciDescriptor } from '@rocket/contracts'

/** A manifest or an index, as its very bytes. */
export interface CopiedDocument {
  descriptor: OciDescriptor
  bytes: Buffer
}

/** What is about the image, or about something else that is: found by its subject, or by a tag that is made of a digest. */
export interface CopiedReferrer extends CopiedDocument {
  tag?: string
  /** The digest of what it is about. */
  about: string
}

/** Everything that a copy brings along. Nothing is listed twice; the same image gives the same plan. */
export interface CopyPlan {
  /** The manifest or index that the copy gets its name for. */
  root: CopiedDocument
  /** Manifests and indexes below an index, what is referred to before what refers. */
  children: CopiedDocument[]
  referrers: CopiedReferrer[]
  /** Configurations and layers of all of them. */
  blobs: OciDescriptor[]
}

/** A place that takes an image. Nothing can be found there under its name before `finish` returns; what is called twice does no harm. */
export interface ImageDestination {
  /** Where, as it was named; for messages. */
  name: string
  /** How many blobs it takes at once. */
  atOnce: number
  /** Called first. Refuses what it cannot hold before it writes anything. Throws PACK_FAILED. */
  begin(plan: CopyPlan): void | Promise<void>
  /**
   * `open` gives the bytes, verified: they end with an error when they are not what the descriptor says, and then nothing of them counts. It is
   * not called for a blob that is there already.
   */
  putBlob(descriptor: OciDescriptor, open: () => AsyncIterable<Buffer>): Promise<'sent' | 'there'>
  /** All blobs are there: documents, and last of all names. */
  finish(): void | Promise<void>
  /** Removes what was not finished. */
  close(): void | Promise<void>
}
