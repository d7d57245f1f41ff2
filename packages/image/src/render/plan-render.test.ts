import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { RootfsEntry } from './list-entries.ts'
import { planRender } from './plan-render.ts'
import { parseWhitelist } from './whitelist.ts'

/** `d/` is a directory, `l@` a symbolic link, `h=f` a hard link to f, anything else a file. */
function entriesOf(text: string): RootfsEntry[] {
  return text.split(' ').filter((word) => word !== '').map((word) => {
    const [path = '', link] = word.split('=')
    if (link !== undefined) return { path, type: 'hardlink', link }
    if (path.endsWith('@')) return { path: path.slice(0, -1), type: 'symlink' }
    return path.endsWith('/') ? { path: path.slice(0, -1), type: 'directory' } : { path, type: 'file' }
  })
}

interface Given {
  entries: string
  own?: string[]
  above?: string[][]
}

const plan = (...images: Given[]): string[] => planRender(images.map(({ entries, own = [], above = [] }) => ({
  entries: entriesOf(entries), own: parseWhitelist(own), above: above.map((list) => parseWhitelist(list)!),
}))).map(({ places, links }) => [
  ...[...places].map(([from, to]) => (from === to ? to : `${from}>${to}`)), ...[...links].map(([from, to]) => `${from}=${to}`),
].join(' '))

const cases: readonly (readonly [name: string, images: readonly Given[], expected: readonly string[]])[] = [
  ['a file further up hides one further down', [{ entries: 'f' }, { entries: 'f g' }], ['f', 'g']],
  ['directories are one, described by the first', [{ entries: 'd/ d/f' }, { entries: 'd/ d/g' }], ['d d/f', 'd/g']],
  ['a directory that the first only implies is described by the next', [{ entries: 'd/f' }, { entries: 'd/ d/g' }], ['d/f', 'd d/g']],
  ['what is implied to be a directory is nothing else further down', [{ entries: 'd/f' }, { entries: 'd@' }], ['d/f', '']],
  ['nothing goes below what is no directory further up', [{ entries: 'd@' }, { entries: 'd/ d/f d/e/g' }], ['d', '']],
  ['nor below what such a thing hid in between', [{ entries: 'd/ d/f' }, { entries: 'd' }, { entries: 'd/ d/g' }], ['d d/f', '', '']],
  ['nor below a link of the same image', [{ entries: 'd@ d/f' }], ['d']],
  ['a directory further up hides a file', [{ entries: 'x/' }, { entries: 'x' }], ['x', '']],
  ['a list keeps its files, and all directories of its own image', [{ entries: 'b/ b/a b/x e/', own: ['/b/a'] }], ['b b/a e']],
  ['the list of an image holds for what lies below it', [
    { entries: 'bin/ bin/a', own: ['/bin/a'] }, { entries: 'bin/ bin/a bin/b lib/ lib/x', above: [['/bin/a']] },
  ], ['bin bin/a', '']],
  ['directories that lead to what is listed come with their looks', [
    { entries: '', own: ['/t/u/f'] }, { entries: 't/ t/u/ t/u/f t/g v/', above: [['/t/u/f']] },
  ], ['', 't t/u t/u/f']],
  ['a file that leads to nothing is not taken for such a directory', [{ entries: 't', above: [['/t/f']] }], ['']],
  ['listing a directory does not list what is in it', [{ entries: 'd/ d/f', above: [['/d/']] }], ['d']],
  ['a path has to be in every list above it', [{ entries: 'f g', above: [['/f', '/g'], ['/g', '/h']] }], ['g']],
  ['entries of a list are cleaned as paths of the root', [
    { entries: 'etc/passwd f', own: ['/../../etc//./passwd', '/x/../f', '/etc', '/'] },
  ], ['etc/passwd f']],
  ['names in a list that no file can have change nothing', [{ entries: 'f', own: ['/f\0', '/f/../..', '/*', `/${'x'.repeat(5000)}`] }], ['']],
  ['a name in a list is UTF-8', [{ entries: 'gr\u00c3\u00bcn', own: ['/grün'] }], ['gr\u00c3\u00bcn']],
  ['a hard link stays one', [{ entries: 'f g=f h=g' }], ['f g=f h=f']],
  ['a hard link takes the place of its file where that is hidden', [{ entries: 'f' }, { entries: 'f g=f h=g' }], ['f', 'f>g h=g']],
  ['or not listed', [{ entries: 'f g=f h=f', own: ['/h'] }], ['f>h']],
  ['an image that comes again has nothing to add', [{ entries: 'f d/ d/g' }, { entries: 'f d/ d/g' }], ['f d d/g', '']],
]

for (const [name, images, expected] of cases) test(name, () => assert.deepEqual(plan(...images), expected))
