import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { findDiscoveryTags } from './discovery-tags.ts'
import { scanMetaTags } from './scan-meta-tags.ts'

const tag = (content: string, name = 'ac-discovery'): string => `<meta name="${name}" content="${content}">`
const wanted = tag('example.com https://dl.example.com/{name}.{ext}')
const uris = (page: string, name = 'example.com/web/app'): string[] => findDiscoveryTags(page, name).map(({ uri }) => uri)
const found = ['https://dl.example.com/{name}.{ext}']

const pages: readonly (readonly [what: string, page: string, expected: readonly string[]])[] = [
  ['a page as it should be', `<!doctype html><html><head><title>t</title>${wanted}</head><body></body></html>`, found],
  ['a page of nothing but the tag', wanted, found],
  ['a page that ends in the middle', `<html><head>${wanted}<meta name="ac-discovery" content="example.com https://cut`, found],
  ['a tag that is never closed', wanted.slice(0, -1), []],
  ['a tag in the body, between elements that are not closed', `<body><p><div><b>${wanted}<i>`, found],
  ['upper case and other spacing', '<META\n  CONTENT = \'example.com https://dl.example.com/{name}.{ext}\'\tNAME=ac-discovery\n/>', found],
  ['other attributes', `<meta charset=utf-8 data-x name="ac-discovery" lang content="  example.com   https://dl.example.com/{name}.{ext} ">`, found],
  ['an attribute given twice', '<meta name="ac-discovery" name="x" content="example.com https://a" content="example.com https://b">', ['https://a']],
  ['references', '<meta name="ac&#45;discovery" content="example.com https://a/?x=1&amp;y=&#x32;&copy;">', ['https://a/?x=1&y=2&copy;']],
  ['a comment', `<!-- ${wanted} --><!--${wanted}-- >${wanted}`, []],
  ['a comment that ends', `<!-- ${wanted} -->${tag('example.com https://b')}`, ['https://b']],
  ['a script, a style, a text field', `<script>"${wanted}"</script><style>${wanted}</style><TEXTAREA>${wanted}</textarea>`, []],
  ['a script that is never closed', `<script>${wanted}`, []],
  ['a tag in the value of another', `<img alt='${wanted}'>`, []],
  ['no tag at all', 'just a < text > of <> nothing </ meta', []],
  ['another prefix', tag('example.org https://a'), []],
  ['a prefix that is longer than the name', tag('example.com/web/app/x https://a'), []],
  ['a prefix that ends inside a component, as rkt takes it', tag('example.com/we https://a'), ['https://a']],
  ['one word, or three', `${tag('example.com')}${tag('example.com https://a https://b')}${tag('')}`, []],
  ['several tags, in their order', `${tag('example.com https://a')}${tag('example.com/web https://b')}`, ['https://a', 'https://b']],
  ['names that are not exactly it', `${tag('example.com https://a', 'AC-DISCOVERY')}${tag('example.com https://a', 'ac-discovery-x')}`, []],
  ['a name of Object', '<meta __proto__="x" constructor name=ac-discovery content="example.com https://a">', ['https://a']],
]
for (const [what, page, expected] of pages) test(`finds in ${what}: ${expected.join(', ') || 'nothing'}`, () => assert.deepEqual(uris(page), expected))

test('tells images and keys apart', () => {
  const page = `${wanted}${tag('example.com https://keys.example.com/k.gpg', 'ac-discovery-pubkeys')}`
  assert.deepEqual(findDiscoveryTags(page, 'example.com/a').map(({ name }) => name), ['ac-discovery', 'ac-discovery-pubkeys'])
})

test('reads any text without failing', () => {
  const piece = fc.oneof(fc.string(), fc.constantFrom('<meta ', '<!--', '-->', '"', "'", '=', '>', '<script>', '</script>', ' name', '&#x110000;', '&#'))
  fc.assert(fc.property(fc.array(piece, { maxLength: 40 }), (pieces) => {
    for (const attributes of scanMetaTags(pieces.join(''))) assert.equal(typeof attributes, 'object')
  }), { numRuns: Number(process.env['ROCKET_FUZZ_RUNS'] ?? 300) })
})

for (const [what, piece] of [
  ['open quotes', '<meta a="'], ['open tags', '<meta a'], ['comments', '<!--'], ['scripts', '<script></scrip'], ['blanks', '<a          '], ['slashes', '<a////'],
] as const) {
  test(`time grows with the page, not with its square: ${what}`, () => {
    const page = piece.repeat(Math.floor((1 << 20) / piece.length))
    const started = performance.now()
    scanMetaTags(page)
    assert.ok(performance.now() - started < 2000)
  })
}
