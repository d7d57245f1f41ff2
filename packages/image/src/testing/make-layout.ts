import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { digestOf } from '@rocket/host'

export interface Descriptor {
  mediaType: string
  digest: string
  size: number
  [key: string]: unknown
}

/** An OCI image layout that is put together blob by blob, so that a test can put in what it likes. */
export class LayoutMaker {
  readonly directory: string

  constructor(directory: string) {
    this.directory = directory
    mkdirSync(join(directory, 'blobs/sha256'), { recursive: true })
    writeFileSync(join(directory, 'oci-layout'), '{"imageLayoutVersion":"1.0.0"}')
  }

  blob(content: Buffer | string, mediaType: string): Descriptor {
    const bytes = Buffer.from(content)
    const hex = digestOf('sha256', bytes)
    writeFileSync(join(this.directory, 'blobs/sha256', hex), bytes)
    return { mediaType, digest: `sha256:${hex}`, size: bytes.length }
  }

  json(value: unknown, mediaType: string): Descriptor {
    return this.blob(JSON.stringify(value), mediaType)
  }

  /** An image of these layers, which are uncompressed tars; without an entry in the index. */
  image(
    layers: readonly Buffer[],
    platform: { architecture: string; os: string; variant?: string } = { architecture: 'amd64', os: 'linux' },
    config: object = {},
  ): Descriptor {
    const descriptors = layers.map((tar) => this.blob(tar, 'application/vnd.oci.image.layer.v1.tar'))
    const image = { ...platform, config, rootfs: { type: 'layers', diff_ids: descriptors.map(({ digest }) => digest) } }
    return this.json(
      {
        schemaVersion: 2,
        mediaType: 'application/vnd.oci.image.manifest.v1+json',
        config: this.json(image, 'application/vnd.oci.image.config.v1+json'),
        layers: descriptors,
      },
      'application/vnd.oci.image.manifest.v1+json',
    )
  }

  index(manifests: readonly Descriptor[]): void {
    writeFileSync(join(this.directory, 'index.json'), JSON.stringify({ schemaVersion: 2, manifests }))
  }
}
