import assert from 'node:assert/strict'
import { mkdirSync, writeFileSync } from 'node:fs'
import { createServer, type RequestListener } from 'node:http'
import { join } from 'node:path'
import { isRocketError } from '@rocket/contracts'
import { listImages } from '@rocket/store'
import { makeWorkshop } from './fetch-in.ts'
import { makeLayout } from './make-layout.ts'
import { layersOf, readBlob } from './serve-layout.ts'

/**
 * Run by redirect-elsewhere.test.ts in a network namespace where 203.0.113.5 and .6 are machines elsewhere, and inside.example a name of
 * this one: what a registry there makes us do to services of this machine. Ends with 0 when nothing.
 */
const cleanUp: (() => unknown)[] = []
const workshop = makeWorkshop({ after: (work) => void cleanUp.push(work as () => unknown) })
mkdirSync(join(workshop.directory, 'root'))
writeFileSync(join(workshop.directory, 'root/file'), 'x')
const layout = makeLayout(join(workshop.directory, 'layout'), [join(workshop.directory, 'root')])
const layer = layersOf(layout)[0]!.digest

function serve(address: string, port: number, listener: RequestListener): Promise<void> {
  const server = createServer(listener)
  cleanUp.push(() => {
    server.closeAllConnections()
    server.close()
  })
  return new Promise((resolve) => server.listen(port, address, resolve))
}

const local: string[] = []
for (const address of ['127.0.0.1', '::1', '169.254.169.254']) {
  await serve(address, 8080, (request, response) => {
    local.push(`${address}${request.url}`)
    response.end('the secrets of this machine')
  })
}
let location = ''
let realm = ''
await serve('203.0.113.5', 80, (request, response) => {
  const path = request.url?.replace('/v2/app/', '') ?? ''
  if (realm !== '') return void response.writeHead(401, { 'www-authenticate': `Bearer realm="${realm}"` }).end()
  if (path === `blobs/${layer}`) return void response.writeHead(307, { location }).end()
  const digest = path.split('/')[1]!.startsWith('sha256:') ? path.split('/')[1]! : layout.manifestDigest
  if (path.startsWith('manifests/')) response.setHeader('content-type', 'application/vnd.oci.image.manifest.v1+json')
  response.end(readBlob(layout, digest))
})
await serve('203.0.113.6', 80, (_, response) => response.end(readBlob(layout, layer)))

for (location of [
  'http://127.0.0.1:8080/x', 'http://[::1]:8080/x', 'http://localhost:8080/x', 'http://169.254.169.254:8080/latest', 'http://2130706433:8080/', 'http://0x7f.1:8080/',
  'http://[::ffff:127.0.0.1]:8080/', 'http://0.0.0.0:8080/', 'http://inside.example:8080/',
]) {
  await assert.rejects(workshop.fetch(['docker://203.0.113.5/app']), (error) => isRocketError(error, 'REGISTRY_REDIRECT_REFUSED'), location)
}
for (realm of ['http://127.0.0.1:8080/token', 'http://inside.example:8080/token']) {
  await assert.rejects(workshop.fetch(['docker://203.0.113.5/app']), (error) => (
    isRocketError(error, 'REGISTRY_REDIRECT_REFUSED') || isRocketError(error, 'REGISTRY_UNAUTHORIZED')), realm)
}
realm = ''
assert.deepEqual(local, [])
assert.deepEqual(listImages(workshop.store), [])
// And where it may go, it goes.
location = 'http://203.0.113.6/blob'
await workshop.fetch(['docker://203.0.113.5/app'])
for (const work of cleanUp.reverse()) work()
