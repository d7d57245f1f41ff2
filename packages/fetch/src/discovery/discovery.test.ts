import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ErrorCode, Request } from '@rocket/contracts'
import { arch, inNetwork, labels, makeWorld, metaTag as tag, usualTemplate as template } from '../testing/discovery-world.ts'
import type { SiteOptions } from '../testing/start-site.ts'

test('an image is found by its name, and then in the store', inNetwork, async (t) => {
  const { site, put, fetch } = await makeWorld(t)
  put()
  site.page('example.com/app', `<html>${tag(`example.com/app ${template}`)}`)
  const { images, said, debug } = await fetch('example.com/app:1.0')
  assert.equal(said, '')
  assert.deepEqual(images.map(({ name }) => name), ['example.com/app'])
  assert.deepEqual(site.requests(), ['https://example.com/app?ac-discovery=1', `https://dl.example.com/example.com/app-1.0-linux-${arch}.aci`])
  const image = `https://dl.example.com/example.com/app-1.0-linux-${arch}.aci`
  for (const text of ['searching for app image example.com/app', `remote fetching from URL "${image}"`, `fetching image from ${image}`]) {
    assert.ok(debug.includes(text), `${text} in ${debug}`)
  }
  assert.equal((await fetch('example.com/app:1.0')).said, '')
  assert.deepEqual(site.requests(), [])
})

const cases: readonly {
  what: string
  pages: Readonly<Record<string, string>>
  reference?: string
  request?: Partial<Request>
  manifest?: Record<string, unknown>
  options?: Partial<SiteOptions>
  place?: string
  code?: ErrorCode
  says?: string
  asked?: readonly string[]
}[] = [
  {
    what: 'the page of the host speaks for a name that has no page', reference: 'example.com/app:1.0', pages: { 'example.com': tag(`example.com ${template}`) },
    asked: ['https://example.com/app?ac-discovery=1', 'https://example.com/?ac-discovery=1'],
  },
  {
    what: 'a page without a tag that fits is passed over',
    pages: { 'example.com/app': `${tag(`example.org ${template}`)}<meta name="author">`, 'example.com': tag(`example.com/a ${template}`) },
  },
  {
    what: 'a template that cannot be filled is passed over for one that can',
    pages: { 'example.com/app': tag('example.com https://dl.example.com/{channel}.{ext}') + tag(`example.com ${template}`) },
  },
  {
    what: 'a mirror that has no such image, or cannot be reached, is passed over for the next',
    pages: {
      'example.com/app': ['https://nowhere.example.com/x.{ext}', 'https://mirror.example.com/{name}.{ext}', template].map((uri) => tag(`example.com ${uri}`)).join(''),
    },
  },
  { what: 'a page of many megabytes is read as far as its beginning', pages: { 'example.com': `${tag(`example.com ${template}`)}${'<p>'.repeat(4 << 20)}` } },
  { what: 'what stands behind that is not', pages: { 'example.com': `${'<p>'.repeat(1 << 19)}${tag(`example.com ${template}`)}` }, code: 'DISCOVERY_FAILED' },
  {
    what: 'a broken page counts as far as it can be read', pages: { 'example.com/app': `<!doctype <html ${tag(`example.com ${template}`)}<meta name="ac-dis` },
    code: 'DISCOVERY_FAILED', says: "meta tag 'ac-discovery' not found on example.com/app; https://example.com/?… was not received: bad HTTP status code: 404",
  },
  {
    what: 'a broken page may say what it has to say', pages: { 'example.com/app': `<html><p></div>${tag(`example.com ${template}`)}<meta name="ac-dis` },
  },
  { what: 'a name without a version is looked for as latest', reference: 'example.com/app', pages: { 'example.com/app': tag(`example.com ${template}`) }, place: `example.com/app-latest-linux-${arch}.aci` },
  {
    what: 'further labels are filled in', reference: 'example.com/app:1.0,channel=beta', manifest: { labels: [...labels('1.0'), { name: 'channel', value: 'beta' }] },
    pages: { 'example.com/app': tag('example.com https://dl.example.com/{channel}/{name}.{ext}') }, place: 'beta/example.com/app.aci',
  },
  { what: 'a name that no page knows is not found', pages: {}, code: 'DISCOVERY_FAILED', says: 'discovery failed for \\"example.com/app\\"' },
  {
    what: 'a page by plain http is not asked for', pages: { 'example.com/app': tag(`example.com ${template}`) }, options: { plain: true }, code: 'DISCOVERY_FAILED', asked: [],
  },
  {
    what: 'unless that was allowed', pages: { 'example.com/app': tag('example.com http://dl.example.com/{name}-{version}-{os}-{arch}.{ext}') }, options: { plain: true },
    request: { insecure: { image: true, tls: false, http: true, pubkey: false } },
  },
  {
    what: 'F5: a page does not lead from https to http', pages: { 'example.com/app': tag('example.com http://dl.example.com/{name}-{version}-{os}-{arch}.{ext}') },
    code: 'DISCOVERY_FAILED', says: 'is plain http',
  },
  {
    what: 'F5: nor does it redirect there', pages: {}, options: { lines: ['location = /app { return 302 http://example.com/app2?$args; }'] },
    code: 'DISCOVERY_FAILED', says: 'is plain http',
  },
  {
    what: 'F5: a page that leads in circles is given up', pages: {}, options: { lines: ['location ~ ^/ { return 302 https://example.com/round?$args; }'] },
    code: 'DISCOVERY_FAILED', says: 'too many redirects',
  },
  {
    what: 'F5: a page cannot make us read files or other protocols', pages: { 'example.com/app': tag('example.com file:///etc/{name}.{ext}') + tag('example.com ftp://x/{ext}') + tag('example.com x.{ext}') },
    code: 'DISCOVERY_FAILED', says: 'is not followed',
  },
  {
    what: 'F5: a page cannot make us talk to this machine', pages: { 'example.com/app': tag('example.com https://127.0.0.1/{name}.{ext}') }, code: 'DISCOVERY_FAILED',
    says: 'is an address of this machine', asked: ['https://example.com/app?ac-discovery=1', 'https://example.com/?ac-discovery=1'],
  },
  {
    what: 'F5: nor by a name that resolves to it', pages: { 'example.com/app': tag('example.com https://local.example.com/{name}.{ext}') }, code: 'REGISTRY_REDIRECT_REFUSED',
    says: 'is an address of this machine', asked: ['https://example.com/app?ac-discovery=1'],
  },
  { what: 'a name that is an address in disguise is not asked', reference: '2130706433/app', pages: {}, code: 'DISCOVERY_FAILED', says: 'is not a host name', asked: [] },
  {
    what: 'an image of another name is not taken', manifest: { name: 'example.com/other' }, pages: { 'example.com/app': tag(`example.com ${template}`) }, code: 'IMAGE_NAME_MISMATCH',
    says: 'error when reading the app name: \\"example.com/app\\" expected but \\"example.com/other\\" found',
  },
  {
    what: 'nor one of another version', manifest: { labels: labels('0.9') }, pages: { 'example.com/app': tag(`example.com ${template}`) }, code: 'IMAGE_NAME_MISMATCH',
    says: 'requested value for label \\"version\\": \\"1.0\\" differs from fetched aci label value: \\"0.9\\"',
  },
  {
    what: 'nor one without a label that was asked for', reference: 'example.com/app:1.0,channel=beta', pages: { 'example.com/app': tag(`example.com ${template}`) }, code: 'IMAGE_NAME_MISMATCH',
    says: 'requested label \\"channel\\" not provided by the image manifest',
  },
  {
    what: 'an image without a signature is not taken unless that was allowed', request: { insecure: { image: false, tls: false, http: false, pubkey: false } },
    pages: { 'example.com/app': tag(`example.com ${template}`) }, code: 'SIGNATURE_REQUIRED',
  },
]

for (const { what, pages, reference = 'example.com/app:1.0', request, manifest, options, place, code = '', says, asked } of cases) {
  test(what, inNetwork, async (t) => {
    const { site, put, fetch } = await makeWorld(t, options)
    put(manifest, place)
    for (const [name, html] of Object.entries(pages)) site.page(name, html)
    const outcome = await fetch(reference, request)
    assert.equal(outcome.code, code, outcome.said)
    if (says !== undefined) assert.ok(outcome.said.includes(says), `${says} in ${outcome.said}`)
    assert.equal(outcome.images.length, code === '' ? 1 : 0)
    const requests = site.requests().filter((url) => code !== '' || url.includes('ac-discovery'))
    if (asked !== undefined) assert.deepEqual(requests, asked)
  })
}

test('dependencies are found as images are, each once, and with an update asked for again', inNetwork, async (t) => {
  const { site, putLibraries, fetch } = await makeWorld(t)
  putLibraries({ a: ['b', 'c'], b: ['d'], c: ['d'], d: [] })
  const { images, said } = await fetch('example.com/a')
  assert.equal(said, '')
  const downloads = (): string[] => site.requests().filter((url) => url.endsWith('.aci')).map((url) => url.slice(-5, -4))
  assert.deepEqual(downloads(), ['a', 'b', 'd', 'c'])
  assert.deepEqual(images.map(({ name }) => name.slice(-1)).sort(), ['a', 'b', 'c', 'd'])
  assert.equal((await fetch('example.com/a')).said, '')
  assert.deepEqual(downloads(), [])
  assert.equal((await fetch('example.com/a', { pullPolicy: 'update' })).said, '')
  assert.deepEqual(downloads(), ['a', 'b', 'd', 'c'], 'nginx says 304 to each')
})

for (const [what, dependencies, code, says] of [
  ['itself', { a: ['a'] }, 'DEPENDENCY_CYCLE', 'example.com/a → example.com/a'],
  ['itself, by way of others', { a: ['b'], b: ['c'], c: ['a'] }, 'DEPENDENCY_CYCLE', 'example.com/a → example.com/b → example.com/c → example.com/a'],
  ['images without end', Object.fromEntries(Array.from({ length: 20 }, (_, index) => [index === 0 ? 'a' : `a${index}`, [`a${index + 1}`]])), 'DEPENDENCY_LIMIT', '16 deep'],
  ['more images than anybody needs', { a: Array.from({ length: 130 }, (_, index) => `x${index}`), ...Object.fromEntries(Array.from({ length: 130 }, (_, index) => [`x${index}`, []])) }, 'DEPENDENCY_LIMIT', 'more than 128'],
] as const satisfies readonly (readonly [string, Readonly<Record<string, readonly string[]>>, ErrorCode, string])[]) {
  test(`an image that depends on ${what} is refused`, inNetwork, async (t) => {
    const { putLibraries, fetch } = await makeWorld(t)
    putLibraries(dependencies)
    const { images, code: got, said } = await fetch('example.com/a')
    assert.equal(got, code, said)
    assert.ok(said.includes(says), said)
    assert.ok(!images.some(({ name }) => name === 'example.com/a'))
  })
}
