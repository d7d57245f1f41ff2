import { existsSync, lstatSync, renameSync } from 'node:fs'
import { join } from 'node:path'
import { isErrno, isRocketError, RocketError, storeLayout, type ImageRecord } from '@rocket/contracts'
import { diffTrees, type Difference, type TreeReport } from '@rocket/image'
import { partsOf } from '../image-parts.ts'
import { removeTree, type Ingest } from '../ingest/ingest-directory.ts'
import { writeTreeRecord, type TreeRecord } from '../ingest/layer-record.ts'
import { dropTree } from '../sweep.ts'
import type { Store } from '../open-store.ts'
import { expectedLayers, expectedRendered, forComposedTrees, readableRecord, type ExpectedTree, type SoundTree } from './expected-trees.ts'
import type { FoundFault } from './fault.ts'

const mostNamed = 5

/**
 * Every tree of the images, made again from its bytes below `ingest/` and compared: names, types, modes, owners, sizes, content, links,
 * attributes, times. What differs stays there, to take its place when it is mended. Trees that lie elsewhere and are only used here are not
 * looked at.
 */
export async function checkTrees(ingest: Ingest, records: readonly ImageRecord[], found: (fault: FoundFault) => void): Promise<void> {
  const { store } = ingest
  const owners = ownersOf(store, records)
  const seen = new Map<string, SoundTree | undefined>()
  const check = async (tree: ExpectedTree): Promise<SoundTree | undefined> => {
    if (!seen.has(tree.name)) seen.set(tree.name, await checkTree(ingest, tree, owners.get(tree.name) ?? [], found))
    return seen.get(tree.name)
  }
  for (const record of records) {
    const rendered = expectedRendered(store, record)
    for (const tree of [...expectedLayers(store, record), ...(rendered === undefined ? [] : [rendered])]) await check(tree)
    if (record.rootfs.every((path) => record.layers.some((layer) => layer.tree === path))) continue
    await forComposedTrees(store, record, (name) => seen.get(name) ?? asItIs(store, name), async (tree) => {
      const sound = await check(tree) ?? asItIs(store, tree.name)
      if (sound !== undefined) return sound
      throw new RocketError('STORE_CORRUPT', { what: `the tree ${tree.name} cannot be made again`, why: 'neither it nor its bytes are there' })
    }).catch((error: unknown) => {
      if (!isRocketError(error)) throw error
    })
  }
  for (const [name, images] of owners) {
    if (seen.has(name) || isElsewhere(store, name)) continue
    found({
      kind: 'tree-unverified', file: `${storeLayout.layers}/${name}`, why: 'what it was unpacked from is not in the store, so it cannot be compared',
      images, hint: `${images.map((id) => `\`rkt image rm ${id}\``).join(', ')}, then fetch again`,
    })
  }
}

/** Where the tree lies as it should be; undefined when that cannot be told. */
async function checkTree(
  ingest: Ingest, tree: ExpectedTree, images: string[], found: (fault: FoundFault) => void,
): Promise<SoundTree | undefined> {
  const { store } = ingest
  const [file, scratch] = [`${storeLayout.layers}/${tree.name}`, join(ingest.directory, tree.name)]
  if (isElsewhere(store, tree.name)) return asItIs(store, tree.name)
  let report: TreeReport
  try {
    report = await tree.make(scratch)
  } catch (error) {
    // The bytes are damaged themselves, which is told of them.
    if (!isRocketError(error) && !isErrno(error, 'ENOENT')) throw error
    found({ kind: 'tree-unverified', file, why: `it cannot be made again to be compared: ${(error as Error).message}`, images })
    return undefined
  }
  const hasRecord = readableRecord(store, tree.name) !== undefined
  const why = differenceOf(join(store.directory, file), scratch) ?? (hasRecord ? undefined : 'its record is missing or damaged')
  if (why === undefined) {
    removeTree(ingest.directory, tree.name)
    return { directory: join(store.directory, file), report }
  }
  const kind = existsSync(join(store.directory, file)) && hasRecord ? 'tree-differs' : 'tree-missing'
  found({ kind, file, why, images, tree: tree.name, mend: () => replaceTree(ingest, tree, report) })
  return { directory: scratch, report }
}

function asItIs(store: Store, name: string): SoundTree | undefined {
  const record = readableRecord(store, name)
  const directory = join(store.directory, storeLayout.layers, name)
  return record === undefined || !existsSync(directory) ? undefined : { directory, report: record.report }
}

/** The sound one was unpacked beside it; the other one goes as a tree does that nobody needs. */
function replaceTree(ingest: Ingest, { name, key, diffId, blob }: ExpectedTree, report: TreeReport): void {
  const scratch = join(ingest.directory, name)
  const aside = join(ingest.directory, `${name}.sound`)
  renameSync(scratch, aside)
  dropTree(ingest.store, name, ingest)
  renameSync(aside, join(ingest.store.directory, storeLayout.layers, name))
  const record: TreeRecord = {
    version: 1, key, ...(diffId === undefined || key.startsWith('aci ') ? {} : { diffId }), ...(blob === undefined ? {} : { blob }), report,
  }
  writeTreeRecord(ingest.store, name, record)
}

function differenceOf(tree: string, expected: string): string | undefined {
  if (!existsSync(tree)) return 'it is not there'
  const named: string[] = []
  let more = 0
  for (const difference of diffTrees(expected, tree, { exact: true })) {
    if (named.length < mostNamed) named.push(describe(difference))
    else more += 1
  }
  return named.length === 0 ? undefined : `${named.join('; ')}${more === 0 ? '' : `; and ${more} more`}`
}

function describe(difference: Difference): string {
  const path = JSON.stringify(`/${Buffer.from(difference.path, 'latin1').toString('utf8')}`)
  if (difference.kind === 'changed') return `${path} has another ${difference.changes.map(({ what }) => what).join(', ')}`
  return difference.kind === 'added' ? `${path} does not belong there` : `${path} is missing`
}

function ownersOf(store: Store, records: readonly ImageRecord[]): Map<string, string[]> {
  const owners = new Map<string, string[]>()
  for (const record of records) {
    for (const name of partsOf(store, record).trees) owners.set(name, [...(owners.get(name) ?? []), record.imageId])
  }
  return owners
}

/** In another store: a link stands in its place. */
function isElsewhere(store: Store, name: string): boolean {
  return lstatSync(join(store.directory, storeLayout.layers, name), { throwIfNoEntry: false })?.isSymbolicLink() === true
}
