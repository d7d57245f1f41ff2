import { readFileSync } from 'node:fs'
import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import type { MadeLayout } from './make-layout.ts'

/** Answers a request in its own way and returns true, or leaves it to the honest server. `path` is behind `/v2/app/`. */
export type Answer = (request: IncomingMessage, response: ServerResponse, path: string) => boolean

export interface AskedFor {
  method: string
  path: string
  authorization: string | undefined
  range: string | undefined
}

export interface LayoutServer {
  /** `127.0.0.1:PORT`; plain http. */
  host: string
  requests: AskedFor[]
}

type Ended = Pick<TestContext, 'after'>

/** A registry that serves the image of one layout as `app`, ranges included, except where `lie` answers. */
export async function serveLayout(t: Ended, layout: MadeLayout, lie: Answer = () => false): Promise<LayoutServer> {
  const requests: AskedFor[] = []
  const host = await listen(t, (request, response) => {
    const path = request.url?.replace('/v2/app/', '') ?? ''
    requests.push({ method: request.method ?? '', path, authorization: request.headers.authorization, range: request.headers.range })
    if (lie(request, response, path)) return
    const [kind, name = ''] = path.split('/')
    const digest = name.startsWith('sha256:') ? name : layout.manifestDigest
    const bytes = readBlob(layout, digest)
    if (bytes === undefined) response.writeHead(404).end()
    else if (kind === 'manifests') response.writeHead(
      200, { 'content-type': 'application/vnd.oci.image.manifest.v1+json', 'docker-content-digest': digest },
    ).end(bytes)
    else sendRange(request, response, bytes)
  })
  return { host, requests }
}

/** On a free port of this machine, ended with the test. */
export async function listen(t: Ended, listener: RequestListener): Promise<string> {
  const server = createServer(listener).listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  t.after(() => {
    server.closeAllConnections()
    server.close()
  })
  return `127.0.0.1:${(server.address() as AddressInfo).port}`
}

/** What an honest server does with `Range: bytes=N-`. */
export function sendRange(request: IncomingMessage, response: ServerResponse, bytes: Buffer, headers: Record<string, string> = {}): void {
  const start = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? '')?.[1] ?? 0)
  if (start === 0) return void response.writeHead(200, { ...headers, 'content-length': bytes.length }).end(bytes)
  if (start >= bytes.length) return void response.writeHead(416, { ...headers, 'content-range': `bytes */${bytes.length}` }).end()
  const rest = bytes.subarray(start)
  response.writeHead(206, { ...headers, 'content-length': rest.length, 'content-range': `bytes ${start}-${bytes.length - 1}/${bytes.length}` }).end(rest)
}

/** Sends the beginning of what it announced, and ends the connection once that is on its way. */
export function sendAndBreak(response: ServerResponse, bytes: Buffer, count: number, headers: Record<string, string | number> = {}): void {
  response.writeHead(200, { 'content-length': bytes.length, ...headers })
  response.write(bytes.subarray(0, count), () => setTimeout(() => response.destroy(), 20))
}

export function readBlob(layout: MadeLayout, digest: string): Buffer | undefined {
  try {
    return readFileSync(join(layout.directory, 'blobs', digest.replace(':', '/')))
  } catch {
    return undefined
  }
}

/** The layers that a layout's manifest names, bottom first. */
export function layersOf(layout: MadeLayout): { digest: string; size: number }[] {
  return (JSON.parse(layout.manifest.toString()) as { layers: { digest: string; size: number }[] }).layers
}
