import type { Command } from './command.ts'
import { outputFlags } from './flags/output.ts'
import { explainFlags, imageGcFlags, imageOutputFlags, storeCheckFlags } from './flags/store.ts'

const oneImage = (words: readonly string[]): boolean => words.length === 1
const two = (words: readonly string[]): boolean => words.length === 2
const common = { words: 'anywhere', needsRoot: false } as const

/** Commands on images that are in the store, and on the store. */
export const storeCommands: readonly Command[] = [
  {
    ...common, path: 'image export', summary: 'Export a stored image to an ACI file', usage: 'IMAGE FILE.aci',
    description:
      'Writes the uncompressed ACI. Of an ACI these are the bytes that were fetched; an OCI image is rendered as an ACI, which has an image ID ' +
      'of its own. The same image always gives the same bytes.',
    examples: ['rkt image export example.com/web:2 web.aci', 'rkt image export --overwrite sha512-0f3a8c1d web.aci'],
    flags: [imageOutputFlags.overwrite], accepts: two, load: () => import('../commands/image-export.ts'),
  },
  {
    ...common, path: 'image extract', summary: 'Extract a stored image to a directory', usage: 'IMAGE DIRECTORY',
    description: 'Writes the manifest and the root file system of this image alone, without its dependencies. The directory must not exist.',
    examples: ['rkt image extract example.com/web:2 web', 'rkt image extract --rootfs-only --overwrite example.com/web:2 rootfs'],
    flags: Object.values(imageOutputFlags), accepts: two, load: () => import('../commands/image-extract.ts'),
  },
  {
    ...common, path: 'image render', summary: 'Render a stored image to a directory with all its dependencies', usage: 'IMAGE DIRECTORY',
    description: 'Writes the manifest and the root file system as an app would see it. The directory must not exist.',
    examples: ['rkt image render example.com/web:2 web', 'rkt image render --rootfs-only example.com/web:2 rootfs'],
    flags: Object.values(imageOutputFlags), accepts: two, load: () => import('../commands/image-render.ts'),
  },
  {
    ...common, path: 'image gc', summary: 'Garbage collect the local store', usage: '',
    description:
      'Removes images that nobody used for longer than the grace period, and all bytes that neither an image nor a pod needs. What pods use ' +
      'stays.',
    examples: ['rkt image gc --grace-period=48h', 'rkt image gc --max-bytes=20Gi', 'rkt image gc --explain'],
    flags: [...Object.values(imageGcFlags), ...Object.values(explainFlags), outputFlags.format],
    load: () => import('../commands/image-gc.ts'),
  },
  {
    ...common, path: 'image inspect', summary: 'Show all that is known of an image', usage: 'IMAGE', isNew: true,
    description: 'Prints names, digests, platform, sizes, layers, what was verified when, and which pods use it.',
    examples: ['rkt image inspect example.com/web:2', 'rkt image inspect --format=json-pretty sha512-0f3a8c1d'],
    flags: [outputFlags.format, outputFlags.full], accepts: oneImage, load: () => import('../commands/image-inspect.ts'),
  },
  {
    ...common, path: 'image history', summary: 'Show how the layers of an image were made', usage: 'IMAGE', isNew: true,
    description: 'Prints the steps that the image tells of, the latest first.', examples: ['rkt image history example.com/web:2'],
    flags: [outputFlags.format, outputFlags.full, outputFlags.noLegend], accepts: oneImage, load: () => import('../commands/image-history.ts'),
  },
  {
    ...common, path: 'image diff', summary: 'Show which files differ between two images', usage: 'IMAGE IMAGE', isNew: true,
    description:
      'Prints a line for each file that was added (A), removed (D) or changed (C), and what of it changed: type, mode, owner, size, content, ' +
      'link target, device, extended attributes. Times are not compared.',
    examples: ['rkt image diff example.com/web:1 example.com/web:2'],
    flags: [outputFlags.format], accepts: two, load: () => import('../commands/image-diff.ts'),
  },
  {
    ...common, path: 'image du', summary: 'Show what images take of the disk', usage: '[IMAGE...]', isNew: true,
    description: "Prints what would be free without each image, and what it shares with others. The total is what 'du -s' says of the store.",
    examples: ['rkt image du', 'rkt image du --full example.com/web:2'],
    flags: [outputFlags.format, outputFlags.full, outputFlags.noLegend], accepts: () => true, load: () => import('../commands/image-du.ts'),
  },
  {
    ...common, path: 'store', summary: 'Operate on the local store itself', usage: '[command]', isNew: true,
    description: 'Checks and repairs the store.', examples: [], flags: [],
  },
  {
    ...common, path: 'store check', summary: 'Check that the store is what its records say, and mend it', usage: '[--repair]', isNew: true,
    description:
      'Reads every record, hashes every blob again, and compares every tree with what it was unpacked from. Prints a line for each fault. ' +
      'Exits with 254 when a fault is left.',
    examples: ['rkt store check', 'rkt store check --repair', 'rkt store check --quick --format=json'],
    flags: [...Object.values(storeCheckFlags), outputFlags.format], load: () => import('../commands/store-check.ts'),
  },
]
