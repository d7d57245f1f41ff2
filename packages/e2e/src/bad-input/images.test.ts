import assert from 'node:assert/strict'
import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import type { Images } from '../fixtures/images.ts'
import { names, type Home } from '../program/home.ts'
import { plain, story, tellStories } from '../program/story.ts'
import { tellRefusals, type Refusal } from './refusal.ts'

const stage = tellStories()
const unsigned = '--insecure-options=image'

/** Writes a file of the user's and returns its path. */
function made(home: Home, name: string, content: string | Buffer): string {
  writeFileSync(home.file(name), content)
  return home.file(name)
}

/** The bytes of an ACI, compressed, with something done to them. */
function spoiled(path: string, spoil: (bytes: Buffer) => Buffer): Buffer {
  return spoil(Buffer.from(gzipSync(readFileSync(path), { level: 1 })))
}

function flip(bytes: Buffer, at: number): Buffer {
  bytes[at] = (bytes[at] ?? 0) ^ 0xff
  return bytes
}

/** A copy of the layout, spoiled; `largest` is the blob of its layer. */
function layout(home: Home, images: Images, spoil: (directory: string, largest: string) => void): string {
  const directory = home.file('layout')
  rmSync(directory, { recursive: true, force: true })
  cpSync(images.layout, directory, { recursive: true })
  const blobs = readdirSync(join(directory, 'blobs/sha256')).map((name) => join(directory, 'blobs/sha256', name))
  spoil(directory, blobs.toSorted((one, other) => statSync(other).size - statSync(one).size)[0] ?? '')
  return `oci:${directory}`
}

const sources: readonly (Omit<Refusal, 'words'> & { source: (images: Images, home: Home) => string })[] = [
  { what: 'a file that is not there', source: () => './nothing.aci', code: 'IMAGE_NOT_FOUND', names: 'nothing.aci' },
  {
    what: 'a directory that is called as an image',
    source: (_, home) => (mkdirSync(home.file('d.aci'), { recursive: true }), home.file('d.aci')), code: 'IMAGE_NOT_FOUND', names: 'd.aci',
  },
  { what: 'an empty file', source: (_, home) => made(home, 'empty.aci', ''), code: 'LAYER_CORRUPT' },
  { what: 'a text', source: (_, home) => made(home, 'text.aci', '<html>404 not found</html>\n'), code: 'LAYER_CORRUPT' },
  ...[0.1, 0.5, 0.999].flatMap((part) => [
    {
      what: `an ACI cut off after ${part * 100} %`,
      source: ({ busybox }: Images, home: Home) => made(home, 'cut.aci', readFileSync(busybox).subarray(0, statSync(busybox).size * part)),
      code: 'LAYER_CORRUPT',
    },
    {
      what: `a compressed ACI cut off after ${part * 100} %`,
      source: ({ busybox }: Images, home: Home) => made(
        home, 'cut.aci', spoiled(busybox, (bytes) => bytes.subarray(0, bytes.length * part)),
      ),
      code: 'LAYER_CORRUPT',
    },
  ]),
  {
    what: 'a compressed ACI with a flipped byte',
    source: ({ busybox }, home) => made(home, 'flipped.aci', spoiled(busybox, (bytes) => flip(bytes, bytes.length >> 1))),
    code: 'LAYER_CORRUPT',
  },
  {
    what: 'an archive without a manifest', source: (_, home) => made(home, 'bare.aci', Buffer.alloc(10_240)),
    code: 'ACI_LAYOUT_INVALID|LAYER_CORRUPT',
  },
  {
    what: 'a layout whose layer has other bytes',
    source: (images, home) => layout(home, images, (_, blob) => writeFileSync(blob, flip(readFileSync(blob), 5000))),
    code: 'LAYER_DIGEST_MISMATCH', names: 'sha256:',
  },
  {
    what: 'a layout that lacks its layer', source: (images, home) => layout(home, images, (_, blob) => rmSync(blob)),
    code: 'OCI_LAYOUT_INVALID', names: 'sha256:',
  },
  {
    what: 'a layout whose index is no JSON',
    source: (images, home) => layout(home, images, (directory) => writeFileSync(join(directory, 'index.json'), '{')),
    code: '(OCI_LAYOUT|IMAGE_DOCUMENT)_INVALID',
  },
  { what: 'a directory that is no layout', source: () => 'oci:/usr', code: 'OCI_LAYOUT_INVALID', names: '/usr' },
  {
    what: 'a tag that a layout does not have', source: ({ layout: path }) => `oci:${path}:nosuch`, code: 'OCI_TAG_NOT_FOUND',
    names: 'nosuch',
  },
  {
    what: 'a registry that nobody answers for', source: () => 'docker://127.0.0.1:1/nobody', code: 'REGISTRY_UNREACHABLE',
    names: '127.0.0.1:1',
  },
]

for (const command of [['fetch', unsigned], ['prepare', unsigned], ['run', ...plain]]) {
  tellRefusals(stage, sources.map(({ source, what, ...rest }) => ({
    ...rest, what: `to ${command[0]} ${what}`, words: (images: Images, home: Home) => [...command, source(images, home)],
  })))
}

tellRefusals(stage, [
  {
    what: 'an image ID that is not stored', words: () => ['run', ...plain, 'sha512-ffffffffffffffff'], code: 'IMAGE_ID_INVALID',
    names: 'no image IDs found',
  },
  {
    what: 'a name that is not stored', words: () => ['run', ...plain, '--pull-policy=never', 'example.com/unknown'],
    code: 'IMAGE_NOT_FOUND', names: 'example.com/unknown',
  },
  {
    what: 'the manifest of an image that is not stored', words: () => ['image', 'cat-manifest', 'example.com/unknown'],
    code: 'IMAGE_NOT_FOUND',
  },
  {
    what: 'an image without a signature', words: ({ busybox }) => ['run', '--net=none', busybox], code: 'SIGNATURE_REQUIRED',
    names: '--insecure-options=image',
  },
  {
    what: 'to run an image of another architecture', words: ({ foreign }) => ['run', ...plain, foreign], code: 'IMAGE_PLATFORM_MISMATCH',
    names: 'example.com/foreign',
  },
  {
    what: 'to prepare an image of another architecture', words: ({ foreign }) => ['prepare', unsigned, foreign],
    code: 'IMAGE_PLATFORM_MISMATCH',
  },
  {
    what: 'to build an image of no directory', words: () => ['image', 'build', '--rootfs=/nowhere', '--manifest=/nowhere', '-o', 'x.aci'],
    code: 'USAGE', names: '/nowhere',
  },
  {
    what: 'to build an image with a manifest that is no JSON',
    words: (_, home) => ['image', 'build', `--rootfs=${emptyRoot(home)}`, `--manifest=${made(home, 'm.json', '{')}`, '-o', 'x.aci'],
    code: 'IMAGE_MANIFEST_INVALID',
  },
  {
    what: 'to build an image with a name that is none',
    words: (_, home) => [
      'image', 'build', `--rootfs=${emptyRoot(home)}`,
      `--manifest=${made(home, 'm.json', '{"acKind":"ImageManifest","acVersion":"0.8.11","name":"NOT OK"}')}`, '-o', 'x.aci',
    ],
    code: 'IMAGE_MANIFEST_INVALID', names: '/name',
  },
  {
    what: 'to build an image without saying where to',
    words: (_, home) => ['image', 'build', `--rootfs=${emptyRoot(home)}`, `--manifest=${made(home, 'm.json', '{}')}`], code: 'USAGE',
  },
])

function emptyRoot(home: Home): string {
  mkdirSync(home.file('root'), { recursive: true })
  return home.file('root')
}

story('a refused image leaves nothing in the store, and one that is good is fetched afterwards', async () => {
  const { home, images } = stage
  await home.rkt(['fetch', unsigned, made(home, 'half.aci', readFileSync(images.guest).subarray(0, 900_000))])
  assert.doesNotMatch((await home.rkt(['image', 'list'])).stdout, /guest/)
  assert.deepEqual(names(join(home.data, 'cas/ingest')), [])
  assert.equal((await home.rkt(['fetch', unsigned, images.guest])).exitCode, 0)
  assert.match((await home.rkt(['image', 'list'])).stdout, /guest/)
})

story('when one of two images is bad, nothing is printed, and the good one may be there', async () => {
  const { home, images } = stage
  const { exitCode, stdout } = await home.rkt(['fetch', unsigned, images.exits, './nothing.aci'])
  assert.deepEqual([exitCode, stdout], [254, ''])
})
