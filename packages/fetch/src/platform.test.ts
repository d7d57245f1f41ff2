import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { isRocketError, type ImageRecord } from '@rocket/contracts'
import { makeWorkshop, type Workshop } from './testing/fetch-in.ts'
import { makeLayout } from './testing/make-layout.ts'
import { listen } from './testing/serve-layout.ts'

const indexType = 'application/vnd.oci.image.index.v1+json'
const manifestType = 'application/vnd.oci.image.manifest.v1+json'

/** A registry whose image exists for this machine and two others; each has a file that names it. */
async function makeWorld(t: TestContext): Promise<{ workshop: Workshop; reference: string }> {
  const workshop = makeWorkshop(t)
  const blobs = new Map<string, Buffer>()
  const own = process.arch === 'x64' ? 'amd64' : process.arch
  const manifests = ([[own], ['riscv64'], ['arm', 'v6'], ['arm', 'v7']] as [string, string?][]).map(([architecture, variant]) => {
    const root = join(workshop.directory, `${architecture}${variant ?? ''}`)
    mkdirSync(root)
    writeFileSync(join(root, 'platform'), `${architecture}/${variant ?? ''}`)
    const layout = makeLayout(`${root}-layout`, [root], { architecture })
    const manifest = JSON.parse(layout.manifest.toString()) as { config: { digest: string }; layers: { digest: string }[] }
    for (const { digest } of [manifest.config, ...manifest.layers]) blobs.set(digest, readFileSync(join(layout.directory, 'blobs', digest.replace(':', '/'))))
    blobs.set(layout.manifestDigest, layout.manifest)
    const platform = { os: 'linux', architecture, ...(variant === undefined ? {} : { variant }) }
    return { mediaType: manifestType, digest: layout.manifestDigest, size: layout.manifest.length, platform }
  })
  const index = Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType: indexType, manifests }))
  blobs.set(`sha256:${createHash('sha256').update(index).digest('hex')}`, index)
  const host = await listen(t, (request, response) => {
    const [kind, name = ''] = request.url!.replace('/v2/app/', '').split('/')
    const bytes = name.includes(':') ? blobs.get(name) : index
    if (kind === 'manifests') response.setHeader('content-type', bytes === index ? indexType : manifestType)
    response.end(bytes)
  })
  return { workshop, reference: `docker://${host}/app` }
}

const architectureOf = ({ manifest }: ImageRecord): string | undefined => manifest.labels.find(({ name }) => name === 'arch')?.value

test('takes the image of the platform that was asked for, and keeps each apart', async (t) => {
  const { workshop, reference } = await makeWorld(t)
  const [own] = await workshop.fetch([reference])
  const [other] = await workshop.fetch([reference], { platform: { os: 'linux', architecture: 'riscv64' } })
  assert.notEqual(own!.imageId, other!.imageId)
  assert.equal(architectureOf(other!), 'riscv64')
  // From the store, each under its own platform.
  assert.equal((await workshop.fetch([reference], { pullPolicy: 'never' }))[0]!.imageId, own!.imageId)
  const again = await workshop.fetch([reference], { pullPolicy: 'never', platform: { os: 'linux', architecture: 'riscv64' } })
  assert.equal(again[0]!.imageId, other!.imageId)
})

test('takes the best variant that still runs, and says what there is otherwise', async (t) => {
  const { workshop, reference } = await makeWorld(t)
  const digests = await Promise.all([['v6'], ['v7'], ['v8']].map(async ([variant]) => (
    (await workshop.fetch([reference], { platform: { os: 'linux', architecture: 'arm', variant: variant! } }))[0]!.sha256
  )))
  assert.notEqual(digests[0], digests[1])
  assert.equal(digests[1], digests[2], 'v8 runs what was made for v7')
  await assert.rejects(workshop.fetch([reference], { platform: { os: 'linux', architecture: 's390x' } }), (error) => (
    isRocketError(error, 'PLATFORM_NOT_FOUND') && /s390x/.test(error.message) && /linux\/riscv64/.test(error.message)))
})
