import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { isRocketError } from '@rocket/contracts'
import { findProgram } from '@rocket/host'
import { makeRootfs } from './first-image.ts'

const directory = mkdtempSync(join(tmpdir(), 'rkt-quickstart-'))
after(() => rmSync(directory, { recursive: true }))

test('the root file system holds a program that needs nothing else', (context) => {
  try {
    makeRootfs(directory)
  } catch (error) {
    if (!isRocketError(error, 'PROGRAM_FAILED') && !isRocketError(error, 'PROGRAM_MISSING')) throw error
    context.skip(`no static busybox to be had here: ${error.message}`)
    return
  }
  const { stdout } = spawnSync(join(directory, 'rootfs/bin/sh'), ['-c', 'echo "$0 runs"'], { encoding: 'utf8', env: {} })
  assert.match(stdout, /bin\/sh runs\n$/)
})

const canTryApt = ['apt-get', 'dpkg-deb'].some((name) => findProgram(name) === undefined) ? 'needs apt'
  : findProgram('busybox') !== undefined ? 'a busybox that is installed needs no package'
  : process.geteuid?.() !== 0 ? 'needs root' : false

test('where apt has no lists of packages they are fetched first, which is said', { skip: canTryApt }, () => {
  const home = join(directory, 'fresh')
  const config = freshApt(home)
  const script = `import { findProgram } from '@rocket/host'
import { makeRootfs } from '${new URL('first-image.ts', import.meta.url).href}'; makeRootfs('${home}')`
  const { stdout, stderr, status } = spawnSync(process.execPath, ['--input-type=module', '--eval', script], {
    encoding: 'utf8', env: { ...process.env, APT_CONFIG: config },
  })
  assert.equal(status, 0, stderr)
  assert.match(stdout, /^\$ .*apt-get download busybox-static.*\n\n# apt has no lists.*\n\$ apt-get update$/m)
  assert.equal(readFileSync(join(home, 'rootfs/bin/busybox'), 'utf8'), 'a program')
})

/** An apt that knows nothing yet, and a repository of one package for it. Returns its configuration. */
function freshApt(home: string): string {
  const repository = join(home, 'repository')
  mkdirSync(join(home, 'package/bin'), { recursive: true })
  mkdirSync(join(home, 'package/DEBIAN'))
  for (const name of ['lists/partial', 'cache/archives/partial', 'repository']) mkdirSync(join(home, name), { recursive: true })
  writeFileSync(join(home, 'package/bin/busybox'), 'a program')
  const architecture = process.arch === 'arm64' ? 'arm64' : 'amd64'
  const control = `Package: busybox-static\nVersion: 1\nArchitecture: ${architecture}\nMaintainer: nobody\nDescription: none\n`
  writeFileSync(join(home, 'package/DEBIAN/control'), control)
  const file = `busybox-static_1_${architecture}.deb`
  spawnSync('dpkg-deb', ['--build', '--root-owner-group', join(home, 'package'), join(repository, file)])
  rmSync(join(home, 'package'), { recursive: true })
  const bytes = readFileSync(join(repository, file))
  const sum = createHash('sha256').update(bytes).digest('hex')
  writeFileSync(join(repository, 'Packages'), `${control}Filename: ./${file}\nSize: ${bytes.length}\nSHA256: ${sum}\n`)
  writeFileSync(join(home, 'sources'), `deb [trusted=yes] copy:${repository} ./\n`)
  const settings = { 'State::lists': 'lists', Cache: 'cache', 'Etc::sourcelist': 'sources', 'Etc::sourceparts': 'none' }
  const config = join(home, 'apt.conf')
  writeFileSync(config, Object.entries(settings).map(([name, path]) => `Dir::${name} "${join(home, path)}";\n`).join(''))
  return config
}
