import type { Command } from './command.ts'
import { imageCopyFlags } from './flags/copy.ts'
import { imageFlags } from './flags/image.ts'
import { imageBuildFlags, imageListFlags } from './flags/life.ts'
import { outputFlags } from './flags/output.ts'
import { pullFlags, stageFlags } from './flags/pod.ts'

const fetchFlags = [
  outputFlags.full, pullFlags.platform, pullFlags.pullPolicyOfFetch, pullFlags.storeOnly, pullFlags.noStore, imageFlags.signature, stageFlags.fetchStage,
  outputFlags.format,
]

const fetch: Command = {
  path: 'fetch',
  summary: 'Fetch images and store them in the local store',
  usage: 'IMAGE...',
  description:
    'An image is a file (./web.aci), a URL of one, an OCI layout (oci:DIR[:TAG][@DIGEST]), or an image of a registry ' +
    '(docker://HOST/NAME[:TAG|@DIGEST]), or in an archive (oci-archive:FILE[:TAG], docker-archive:FILE[:NAME:TAG]). Prints the ID of each.',
  examples: ['rkt fetch --insecure-options=image docker://registry.example.com/web:2'],
  flags: fetchFlags,
  words: 'images',
  takesAppArgs: false,
  needsRoot: false,
  load: () => import('../commands/fetch.ts'),
}

/** Commands on the store. */
export const imageCommands: readonly Command[] = [
  fetch,
  { ...fetch, path: 'image fetch', hidden: true },
  {
    path: 'image',
    summary: 'Operate on images in the local store',
    usage: '[command]',
    description: 'Lists, builds, shows and removes images.',
    examples: [],
    flags: [],
    words: 'anywhere',
    needsRoot: false,
  },
  {
    path: 'image build',
    summary: 'Pack a directory as an image',
    usage: '--rootfs=DIR --manifest=FILE [-o FILE.aci | --oci=DIR]',
    description: 'Packs a root file system and a manifest into an ACI or an OCI layout. The same input gives the same bytes.',
    examples: ['rkt image build --rootfs root --manifest manifest.json -o web.aci'],
    flags: Object.values(imageBuildFlags),
    words: 'anywhere',
    needsRoot: false,
    isNew: true,
    load: () => import('../commands/image-build.ts'),
  },
  {
    path: 'image copy',
    summary: 'Copy an image between registries, layouts, archives and the store',
    usage: 'SOURCE DESTINATION',
    description:
      'A source or destination is docker://HOST/NAME[:TAG], oci:DIR[:TAG], oci-archive:FILE[:TAG], docker-archive:FILE[:NAME:TAG] or dir:DIR; a ' +
      'source also an image of the store, by ID or name, and a destination the store itself: store. Bytes stay as they are, so digests do, and ' +
      'signatures and whatever else refers to the image goes along. A layout and an OCI archive keep an index whole, with the image of one ' +
      'platform or, with --all, of all. Prints the digest of what was copied.',
    examples: [
      'rkt image copy docker://registry.example.com/web:2 oci-archive:web.tar',
      'rkt image copy --all oci-archive:web.tar docker://registry.internal/web:2',
      'rkt image copy --insecure-options=image oci-archive:web.tar store',
      'rkt image copy sha512-0f3a8c1d oci:layout:web',
    ],
    flags: [...Object.values(imageCopyFlags), outputFlags.format],
    words: 'anywhere',
    accepts: (words) => words.length === 2,
    needsRoot: false,
    isNew: true,
    load: () => import('../commands/image-copy.ts'),
  },
  {
    path: 'image list',
    summary: 'List images in the local store',
    usage: '',
    description: 'Prints a table, or JSON with --format.',
    examples: ['rkt image list --fields=id,name --no-legend', 'rkt image list --sort=size --order=desc'],
    flags: [...Object.values(imageListFlags), outputFlags.full, outputFlags.noLegend, outputFlags.format],
    words: 'anywhere',
    needsRoot: false,
    load: () => import('../commands/image-list.ts'),
  },
  {
    path: 'image rm',
    summary: 'Remove one or more images with the given IDs or image names from the local store',
    usage: 'IMAGE...',
    description: 'What pods still use stays on disk until they are collected.',
    examples: ['rkt image rm sha512-0f3a8c1d'],
    flags: [],
    words: 'anywhere',
    accepts: () => true,
    needsRoot: false,
    load: () => import('../commands/image-rm.ts'),
  },
  {
    path: 'image cat-manifest',
    summary: 'Show the manifest of an image',
    usage: 'IMAGE',
    description: 'Prints the image manifest as JSON.',
    examples: ['rkt image cat-manifest example.com/web:2'],
    flags: [outputFlags.prettyPrint],
    words: 'anywhere',
    accepts: (words) => words.length === 1,
    needsRoot: false,
    load: () => import('../commands/image-cat-manifest.ts'),
  },
]
