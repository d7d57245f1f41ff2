import assert from 'node:assert/strict'
import { test } from 'node:test'
import { commands } from '../grammar/commands.ts'
import { runRkt } from '../testing/run-rkt.ts'

test('help goes to standard output with 0, usage errors to standard error with 254', () => {
  for (const argv of [['--help'], ['help'], ['help', 'image', 'list'], ['run', '-h'], ['image']]) {
    const { code, out, err } = runRkt(...argv)
    assert.deepEqual([code, err], [0, ''], argv.join(' '))
    assert.match(out, /^NAME:\n\trkt/)
  }
  const { code, out, err } = runRkt('list', '--x')
  assert.deepEqual([code, out], [254, ''])
  assert.match(err, /^Error: unknown flag: --x\nNAME:\n/)
})

test('rkt alone complains, helps and exits with 2', () => {
  const { code, out, err } = runRkt()
  assert.deepEqual([code, err], [2, 'rkt: missing command\n'])
  assert.match(out, /^NAME:\n/)
})

test('help of an unknown topic shows what there is, with 0', () => {
  const { code, out, err } = runRkt('help', 'nosuch')
  assert.deepEqual([code, err], [0, 'Unknown help topic [`nosuch`]\n'])
  assert.match(out, /^NAME:\n\trkt - /)
})

test('a wrong number of words shows the usage on standard output and nothing else', () => {
  const { code, out, err } = runRkt('status')
  assert.deepEqual([code, err], [254, ''])
  assert.match(out, /^NAME:\n\trkt status - /)
})

test('a usage error is a document where JSON was asked for', () => {
  const { code, err } = runRkt('list', '--format=json', '--x')
  assert.deepEqual([code, JSON.parse(err)], [254, { version: 1, code: 'USAGE', what: 'unknown flag: --x' }])
})

test('errors among images are diagnostics of the command', () => {
  assert.deepEqual(runRkt('fetch', 'a', '--', 'b'), {
    code: 254,
    out: '',
    err: 'fetch: unable to parse arguments: app arguments unsupported\n',
  })
})

test('a deprecated flag is told of on standard error', () => {
  assert.match(runRkt('fetch', '--store-only', 'a', '--', 'b').err, /^fetch:/)
  assert.match(runRkt('run', '--store-only').err, /^Flag --store-only has been deprecated, please use --pull-policy=never\n/)
})

test("version prints rkt's five lines", () => {
  const { code, out } = runRkt('version')
  assert.equal(code, 0)
  assert.match(out, /^rkt Version: \S+\nappc Version: 0\.8\.11\nNode Version: \S+\nNode OS\/Arch: \S+\nFeatures: .+\n$/)
})

for (const [argv, message] of [
  [[], 'shell type is not specified'],
  [['bash', 'x'], 'too many arguments, only shell type is expected'],
  [['tcsh'], "'tcsh' shell is not supported"],
] as const) {
  test(`completion ${argv.join(' ')}: ${message}`, () => {
    assert.deepEqual(runRkt('completion', ...argv), { code: 254, out: '', err: `completion: ${message}\n` })
  })
}

test('the page of every command has its sections in order, each line behind a tab', async () => {
  const { formatHelp } = await import('../print/help.ts')
  for (const command of commands) {
    const page = formatHelp(command)
    const titles = page.split('\n').filter((line) => line !== '' && !line.startsWith('\t'))
    const all = ['NAME:', 'USAGE:', 'COMMANDS:', 'DESCRIPTION:', 'EXAMPLES:', 'OPTIONS:', 'GLOBAL OPTIONS:']
    assert.deepEqual(
      titles,
      all.filter((title) => titles.includes(title)),
      command.path,
    )
    assert.ok(command.load === undefined || typeof command.load === 'function')
  }
})
