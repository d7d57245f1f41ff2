import assert from 'node:assert/strict'
import { createServer, type IncomingMessage, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { test, type TestContext } from 'node:test'
import { isRocketError, type ErrorCode } from '@rocket/contracts'
import { createHttpClient, type HttpClient } from './http-client.ts'
import { readBody } from './read-body.ts'
import { checkRedirect, isLocalAddress } from './redirect-guard.ts'
import type { ProgressLimits } from './watch-progress.ts'

const impatient: ProgressLimits = { silenceMs: 300, windowMs: 300, windowBytes: 1000 }

async function serve(t: TestContext, listener: RequestListener): Promise<string> {
  const server = createServer(listener).listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  t.after(() => {
    server.closeAllConnections()
    server.close()
  })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

function client(t: TestContext, limits?: ProgressLimits): HttpClient {
  const http = createHttpClient({ allowHttp: false, skipTlsVerify: false, ...(limits === undefined ? {} : { limits }) })
  t.after(() => http.close())
  return http
}

async function fails(work: Promise<unknown>, code: ErrorCode, text: RegExp): Promise<void> {
  await assert.rejects(work, (error) => {
    assert.ok(isRocketError(error, code), String(error))
    assert.match(error.message, text)
    assert.doesNotMatch(JSON.stringify(error.toDocument()), /secret|token=/)
    return true
  })
}

async function read(http: HttpClient, url: string, maxBytes = 1000): Promise<string> {
  return (await readBody(await http.get(url), maxBytes)).toString()
}

test('follows redirects with its own name and without credentials for other hosts', async (t) => {
  const seen: IncomingMessage['headers'][] = []
  const other = await serve(t, (request, response) => {
    seen.push(request.headers)
    response.end('there')
  })
  const first = await serve(t, (request, response) => {
    seen.push(request.headers)
    if (request.url === '/a') response.writeHead(307, { location: '/b' }).end()
    else response.writeHead(302, { location: `${other}/c?token=abc` }).end()
  })
  const answer = await client(t).get(`${first}/a`, { authorization: 'Basic secret' })
  assert.equal((await readBody(answer, 10)).toString(), 'there')
  assert.equal(answer.from, `${other}/c?…`)
  assert.deepEqual(seen.map((headers) => headers.authorization), ['Basic secret', 'Basic secret', undefined])
  assert.match(seen[0]?.['user-agent'] ?? '', /^rkt\//)
})

test('gives up after ten redirects', async (t) => {
  let requests = 0
  const url = await serve(t, (_, response) => {
    requests += 1
    response.writeHead(301, { location: '/again' }).end()
  })
  await fails(client(t).get(`${url}/`), 'REGISTRY_REDIRECT_REFUSED', /^too many redirects/)
  assert.equal(requests, 11)
})

for (const [location, why] of [
  ['file:///etc/shadow', /file: is not followed/],
  ['ftp://h/x', /ftp: is not followed/],
  ['http://example.com/x', /plain http/],
  ['https://127.0.0.1/x', /an address of this machine/],
  ['https://169.254.169.254/latest?token=secret', /an address of this machine/],
  ['https://[::ffff:127.0.0.1]/', /an address of this machine/],
  ['https://localhost/', /an address of this machine/],
  ['https://2130706433/', /an address of this machine/],
  ['http://[', /not a URL/],
] as const) {
  test(`F5: is not led from a server elsewhere to ${location}`, () => {
    assert.throws(() => checkRedirect(new URL('https://example.com/v2?token=x'), location, { allowHttp: false, fromLocal: false }),
      (error) => isRocketError(error, 'REGISTRY_REDIRECT_REFUSED') && why.test(error.message) && !/secret|token=/.test(error.message))
  })
}

test('F5: drops what a redirect puts before the host', () => {
  assert.equal(
    checkRedirect(new URL('https://a/'), 'https://user:secret@b/x#y', { allowHttp: false, fromLocal: false }).href, 'https://b/x',
  )
})

test('knows addresses of this machine in every way to write them', () => {
  for (const address of [
    '127.0.0.1', '127.1.2.3', '0.0.0.0', '169.254.1.1', '::1', '[::1]', '::', 'fe80::1', '::ffff:127.0.0.1', '::ffff:7f00:1', '224.0.0.1',
  ]) assert.ok(isLocalAddress(address), address)
  for (const address of ['10.0.0.1', '192.168.1.1', '8.8.8.8', '2001:db8::1', 'example.com']) assert.ok(!isLocalAddress(address), address)
})

test('F7: stops a body that is longer than it may be, whatever its length was said to be', async (t) => {
  const url = await serve(t, (request, response) => {
    if (request.url === '/said') response.writeHead(200, { 'content-length': '5000' })
    response.write('x'.repeat(2500))
    response.end('x'.repeat(2500))
  })
  await fails(read(client(t), `${url}/said`), 'REGISTRY_ANSWER_INVALID', /longer than 1000 bytes/)
  await fails(read(client(t), `${url}/unsaid`), 'REGISTRY_ANSWER_INVALID', /longer than 1000 bytes/)
})

test('F7: gives up on a server that says nothing, stops in the middle, or sends a byte now and then', async (t) => {
  const url = await serve(t, (request, response) => {
    if (request.url === '/silent') return
    response.writeHead(200, { 'content-length': '100000' })
    response.write('x')
    if (request.url !== '/drip') return
    const timer = setInterval(() => response.write('x'), 20)
    response.on('close', () => clearInterval(timer))
  })
  for (const path of ['silent', 'stop', 'drip']) await fails(
    read(client(t, impatient), `${url}/${path}?token=secret`, 200_000), 'REGISTRY_STALLED', /given up/,
  )
})

test('F7: notices a connection that breaks, and a body that is shorter than announced', async (t) => {
  const url = await serve(t, (_, response) => {
    response.writeHead(200, { 'content-length': '100' })
    response.write('x')
    setTimeout(() => response.destroy(), 20)
  })
  await fails(read(client(t), url), 'REGISTRY_UNREACHABLE', /closed the connection|terminated/)
})

test('says who cannot be reached and why, without credentials', async (t) => {
  await fails(
    client(t).get('http://user:secret@127.0.0.1:1/x?token=secret'), 'REGISTRY_UNREACHABLE',
    /^cannot read from http:\/\/127\.0\.0\.1:1\/x\?…: .*ECONNREFUSED/,
  )
  const url = await serve(t, (_, response) => response.end())
  await fails(client(t).get(url.replace('http:', 'https:')), 'REGISTRY_UNREACHABLE', /cannot read from https/)
})
