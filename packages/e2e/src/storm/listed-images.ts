import assert from 'node:assert/strict'
import { existsSync, globSync, lstatSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { Images } from '../fixtures/images.ts'
import { names, type Home } from '../program/home.ts'
import { assertNothingLeft } from '../program/leftovers.ts'

/** IDs of the images that `rkt image list` shows: each has every file that it was made of. */
export async function assertListedWhole(home: Home, images: Images): Promise<string[]> {
  const ids = await listImages(home)
  for (const id of ids) assertWhole(join(home.data, 'cas'), id, join(dirname(images.busybox), 'rootfs'))
  return ids
}

/** Removes every image and collects; nothing is left of them. */
export async function emptyStore(home: Home): Promise<void> {
  const ids = await listImages(home)
  if (ids.length > 0) await home.rkt(['image', 'rm', ...ids])
  await assertNothingLeft(home)
  for (const directory of ['images', 'layers', 'refs/names', 'refs/pods', 'evidence']) {
    assert.deepEqual(names(join(home.data, 'cas', directory)), [], `cas/${directory}`)
  }
}

async function listImages(home: Home): Promise<string[]> {
  const { exitCode, stdout, stderr } = await home.rkt(['image', 'list', '--format=json'])
  assert.equal(exitCode, 0, stderr)
  return ((JSON.parse(stdout) ?? []) as { id: string }[]).map(({ id }) => id)
}

/** Every file of the tree that the images are made of is in the trees of this one, with its bytes. */
function assertWhole(cas: string, imageId: string, rootfs: string): void {
  const record = JSON.parse(readFileSync(join(cas, `images/${imageId}.json`), 'utf8')) as { rootfs: string[] }
  const trees = record.rootfs.map((tree) => join(cas, tree.replace(/^store:/, '')))
  for (const tree of trees) assert.ok(existsSync(tree), `${imageId} lacks ${tree}`)
  for (const name of globSync('**', { cwd: rootfs })) {
    const original = join(rootfs, name)
    const there = trees.map((tree) => join(tree, name)).find((path) => lstatSync(path, { throwIfNoEntry: false }) !== undefined)
    assert.ok(there !== undefined, `${imageId} lacks ${name}`)
    if (lstatSync(original).isFile()) assert.ok(readFileSync(original).equals(readFileSync(there)), `${imageId} has other bytes in ${name}`)
  }
}
