import { execFileSync } from 'node:child_process'
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { ImageRecord, NameRef } from '@rocket/contracts'
import { digestOf } from '@rocket/host'
import { loadIngest } from '../load-ingest.ts'
import type { Store } from '../open-store.ts'

/**
 * An OCI image of two real layers, fetched from nowhere: the second writes into `d`, which only the first describes, so that a thin tree of
 * directory metadata lies on top. `mark` makes its layers others than those of other images.
 */
export async function ingestImage(store: Store, mark: string): Promise<ImageRecord> {
  const writer = await loadIngest()
  const ingest = writer.openIngest(store)
  try {
    const layers = []
    for (const tar of makeTars(mark)) {
      const digest = `sha256:${digestOf('sha256', tar)}`
      const tree = await writer.ingestLayer(ingest, { digest, sizeBytes: tar.length, diffId: digest, open: () => once(tar) })
      layers.push({ digest, diffId: digest, tree, sizeBytes: tar.length })
    }
    const rootfs = await writer.composeStored(ingest, layers)
    const config = putJson(store, writer, { history: [{ created_by: `RUN ${mark}` }, { created_by: 'CMD', empty_layer: true }] })
    const manifest = putJson(store, writer, { config: { digest: config }, mark })
    const sha512 = digestOf('sha512', JSON.stringify({ config: { digest: config }, mark }))
    const unpackedBytes = layers.reduce((sum, { tree }) => sum + tree.record.report.unpackedBytes, 0)
    const record: ImageRecord = {
      version: 1, imageId: `sha512-${sha512.slice(0, 64)}`, format: 'oci', sha256: manifest, sha512,
      manifest: { name: `example.com/${mark}`, labels: [], annotations: [], dependencies: [], pathWhitelist: [] },
      layers: layers.map(({ digest, diffId, sizeBytes, tree }) => ({
        digest, diffId, mediaType: 'application/vnd.oci.image.layer.v1.tar', sizeBytes, unpackedBytes: tree.record.report.unpackedBytes,
        tree: writer.treePath(tree.name),
      })),
      rootfs: rootfs.map(writer.treePath), sizeBytes: layers.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0), unpackedBytes,
    }
    writer.writeImageRecord(store, record)
    const now = new Date().toISOString()
    const ref: NameRef = {
      version: 1, imageId: record.imageId, reference: `oci:/${mark}`, name: record.manifest.name, labels: [], latest: false,
      sizeBytes: record.sizeBytes, importedAt: now, lastUsedAt: now,
    }
    writer.writeRefs(store, ref, ref.reference)
    return record
  } finally {
    ingest.release()
  }
}

type Writer = Awaited<ReturnType<typeof loadIngest>>

function putJson(store: Store, writer: Writer, value: object): string {
  const bytes = Buffer.from(JSON.stringify(value))
  const digest = `sha256:${digestOf('sha256', bytes)}`
  writer.writeBlob(store, digest, bytes)
  return digest
}

function makeTars(mark: string): Buffer[] {
  const directory = mkdtempSync(join(tmpdir(), 'rocket-layers-'))
  try {
    mkdirSync(join(directory, 'd'))
    chmodSync(join(directory, 'd'), 0o711)
    writeFileSync(join(directory, 'd/one'), `one ${mark}\n`)
    writeFileSync(join(directory, 'd/two'), `two ${mark}\n`)
    return [['.'], ['d/two']].map((names, index) => {
      const file = join(directory, `../${mark}-${index}-${process.pid}.tar`)
      execFileSync('tar', ['-c', '--numeric-owner', '--mtime=@1500000000', '-f', file, '-C', directory, ...names])
      const tar = readFileSync(file)
      rmSync(file)
      return tar
    })
  } finally {
    rmSync(directory, { recursive: true, force: true })
  }
}

async function* once(bytes: Buffer): AsyncGenerator<Buffer, void, undefined> {
  yield bytes
}
