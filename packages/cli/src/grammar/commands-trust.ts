import type { Command } from './command.ts'
import { outputFlags } from './flags/output.ts'
import { trustFlags } from './flags/trust.ts'

/** Commands about who signs images, and what is asked of them. */
export const trustCommands: readonly Command[] = [
  {
    path: 'trust',
    summary: 'Trust a key for image verification',
    usage: '[--prefix=PREFIX | --root] [PUBKEY]...',
    description:
      'Stores public keys below the local configuration directory, after showing each and asking. A key is a file or a URL; without any, the ' +
      'server of the prefix is asked where its keys are. A key counts for images whose name begins with its prefix.',
    examples: ['rkt trust --prefix=example.com/web key.asc', 'rkt trust --prefix=example.com', 'rkt trust --root https://example.com/key.asc'],
    flags: Object.values(trustFlags),
    words: 'anywhere',
    accepts: (words, flags) => words.length > 0 || flags.get(trustFlags.root) || flags.get(trustFlags.prefix) !== '',
    needsRoot: false,
    load: () => import('../commands/trust.ts'),
  },
  {
    path: 'image verify',
    summary: 'Verify the rendered trees of images, and their signatures once more',
    usage: 'IMAGE...',
    description:
      'Compares the files of an image with what was fetched and mends them where they differ. Then checks what is kept of its verification: the ' +
      'signature, with the keys or the trusted root of that day, and whether the signer is trusted now. Asks no server.',
    examples: ['rkt image verify example.com/web:2'],
    flags: [outputFlags.format],
    words: 'anywhere',
    accepts: (words) => words.length > 0,
    needsRoot: false,
    load: () => import('../commands/image-verify.ts'),
  },
  {
    path: 'image policy',
    summary: 'Explain what is asked of images',
    usage: '[command]',
    description: 'The rules are files of kind imagePolicy in policy.d of the configuration directories.',
    examples: [],
    flags: [],
    words: 'anywhere',
    needsRoot: false,
    isNew: true,
  },
  {
    path: 'image policy check',
    summary: 'Say what an image of a name must have, and why',
    usage: 'NAME',
    description:
      'NAME is the name of an image or docker://HOST/NAME. Prints each question that leads to the verdict with its answer. Exits with 254 when no ' +
      'image of this name would be taken.',
    examples: ['rkt image policy check registry.example.com/team/web', 'rkt image policy check docker://registry.example.com/team/web:2'],
    flags: [outputFlags.noLegend, outputFlags.format],
    words: 'anywhere',
    accepts: (words) => words.length === 1,
    needsRoot: false,
    isNew: true,
    load: () => import('../commands/image-policy-check.ts'),
  },
]
