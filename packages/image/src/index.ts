export { inspectAci, unpackAci, type UnpackAciOptions, type UnpackedAci } from './aci.ts'
export { detectCompression, type Compression } from './compression.ts'
export { type Archive, defaultExpansionLimits, type ExpansionLimits, openArchive } from './decompress.ts'
export { formatDigest, isDigest, parseDigest, type Digest, type DigestAlgorithm } from './digest.ts'
export { findImageId, imageIdFromSha512, looksLikeImageId, parseImageIdPrefix, shortImageId } from './image-ids.ts'
export type { LayerPath } from './entry-path.ts'
export { removeTreeAt } from './remove-tree.ts'
export { openUnpackThreads, type ThreadUnpacking, UnpackThreads } from './threads/unpack-threads.ts'
export { createTarReader, type TarReader, type TarSink } from './tar-reader.ts'
export type { TarEntry, TarEntryType } from './tar-entry.ts'
export type { TreeReport } from './tree-report.ts'
export type { WhiteoutMode } from './tree-writer.ts'
export { defaultUnpackLimits, unpackLayer, type UnpackedLayer, type UnpackLimits, type UnpackOptions } from './unpack-layer.ts'
export { blobName, blobPath, listOciTags, openOciLayout, readRootIndex, refName } from './oci-layout.ts'
export { openArchiveDestination } from './content/archive-destination.ts'
export { openDirectoryDestination } from './content/directory-destination.ts'
export { openDockerArchiveDestination } from './content/docker-archive-destination.ts'
export type { CopiedDocument, CopiedReferrer, CopyPlan, ImageDestination } from './content/image-destination.ts'
export { openLayoutDestination } from './content/layout-destination.ts'
export { openContentArchive } from './content/content-archive.ts'
export { type ContentFiles, openContentDirectory } from './content/content-files.ts'
export { listDockerNames, openDockerArchive } from './content/docker-archive.ts'
export { fileName as imageDirectoryFile, openImageDirectory } from './content/image-directory.ts'
export { type FoundImage, type ImageSource, readImage, type Referrer } from './content/image-source.ts'
export {
  checkIsImage,
  largestConfigBytes,
  largestManifestBytes,
  type OciDocument,
  ociManifestMediaTypes,
  pairLayers,
  parseImageConfig,
  parseManifestOrIndex,
} from './oci-documents.ts'
export { formatPlatform, hostPlatform, pickPlatform, type Platform } from './platform.ts'
export { flattenImages, type RenderableImage } from './render/flatten-images.ts'
export { renderImages, renderKey } from './render/render-images.ts'
export { normaliseAci, normaliseAppcApp } from './normalise-aci.ts'
export { appcArchitecture, type Normalised, normaliseOci, type OciOrigin } from './normalise-oci.ts'
export { chainId, type ComposedLayer, composeRootfs, type TreeBuilder } from './compose-rootfs.ts'
export { type LayerDecision, planLayer, planTopTree, type TopDirectory } from './plan-composition.ts'
export { type CompositionFacts, openTreeView, type TreeView } from './tree-view.ts'
export { unpackLayerOn, writeTopTree } from './unpack-on-chain.ts'
export { copyTree } from './copy-tree.ts'
export { type Change, diffTrees, type Difference } from './diff-trees.ts'
export { type WalkedEntry, walkTree } from './walk-tree.ts'
export { packAci, type PackedAci, type PackOptions } from './pack-aci.ts'
export type { PackedArchive } from './pack-archive.ts'
export { packOci, type PackedOci } from './pack-oci.ts'
