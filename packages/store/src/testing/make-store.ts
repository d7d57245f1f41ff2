import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import type { ImageRecord, NameRef } from '@rocket/contracts'
import { writeImageRecord } from '../ingest/write-image.ts'
import { openStore, type Store } from '../open-store.ts'
import { writeRefs } from '../refs.ts'

/** An empty store in a directory of its own, removed after the test. */
export function makeStore(t: TestContext): Store {
  const directory = mkdtempSync(join(tmpdir(), 'rocket-store-'))
  t.after(() => rmSync(directory, { recursive: true, force: true }))
  return openStore(join(directory, 'cas'), { create: true })
}

/** An image made of `digit`s: one blob, one tree, which other images may have too (`trees`), one name. */
export function addImage(store: Store, digit: string, more: Partial<NameRef> = {}, trees: readonly string[] = []): ImageRecord {
  const tree = `store:layers/tree${digit}`
  mkdirSync(join(store.directory, 'layers', `tree${digit}`))
  writeFileSync(join(store.directory, 'layers', `tree${digit}.json`), JSON.stringify(treeRecord(digit)))
  const record: ImageRecord = {
    version: 1, imageId: `sha512-${digit.repeat(64)}`, format: 'aci', sha512: digit.repeat(128),
    manifest: { name: more.name ?? 'example.com/app', labels: [], annotations: [], dependencies: [], pathWhitelist: [] },
    layers: [
      {
        digest: `sha256:${digit.repeat(64)}`, diffId: `sha512:${digit.repeat(128)}`, mediaType: 'application/x-aci', sizeBytes: 1,
        unpackedBytes: 2, tree,
      },
    ],
    rootfs: [...trees, tree], sizeBytes: 1, unpackedBytes: 2,
  }
  writeFileSync(join(store.directory, 'blobs/sha256', digit.repeat(64)), 'x')
  writeImageRecord(store, record)
  const ref: NameRef = {
    version: 1, imageId: record.imageId, reference: `file:/x${digit}.aci`, name: 'example.com/app', labels: [], latest: false, sizeBytes: 3,
    importedAt: `2026-01-0${digit}T00:00:00.000Z`, lastUsedAt: `2026-01-0${digit}T00:00:00.000Z`, ...more,
  }
  writeRefs(store, ref, ref.reference)
  return record
}

function treeRecord(digit: string): object {
  return { version: 1, key: `tree${digit}`, blob: `sha256:${digit.repeat(64)}`, report: { entries: 0, unpackedBytes: 0, implicitParents: [] } }
}
