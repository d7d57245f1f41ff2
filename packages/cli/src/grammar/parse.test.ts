import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Invocation } from './command.ts'
import { commands } from './commands.ts'
import { globalFlags } from './flags/global.ts'
import { imageFlags } from './flags/image.ts'
import { statusFlags } from './flags/life.ts'
import { preparationFlags, pullFlags, startFlags } from './flags/pod.ts'
import { parse } from './parse.ts'

function invocation(...argv: string[]): Invocation {
  const parsed = parse(argv, commands)
  assert.equal(parsed.kind, 'invocation', JSON.stringify(parsed))
  return (parsed as { invocation: Invocation }).invocation
}

for (const [argv, path] of [
  [['im', 'l'], 'image list'],
  [['li'], 'list'],
  [['run', 'x'], 'run'],
  [['run-', 'x'], 'run-prepared'],
  [['image', 'fe', 'x'], 'image fetch'],
  [['--debug', 'list'], 'list'],
  [['--dir', '/data', 'list'], 'list'],
  [['--dir=/data', 'image', '--debug', 'list'], 'image list'],
  [['s', 'u'], undefined],
  [['st', 'u'], undefined],
  [['sta', 'u'], 'status'],
  [['q'], 'quickstart'],
] as const) {
  test(`takes ${JSON.stringify(argv.join(' '))} as ${path ?? 'no command'}`, () => {
    const parsed = parse(argv, commands)
    if (path === undefined) assert.equal(parsed.kind, 'usage-error')
    else assert.equal(parsed.kind === 'invocation' && parsed.invocation.command.path, path)
  })
}

test("a new command does not take away a prefix that was unique among rkt's", () => {
  const known = commands.map((command) => ({ ...command, isNew: command.isNew === true || command.path === 'status' }))
  const parsed = parse(['st', 'x'], known)
  assert.equal(parsed.kind === 'invocation' && parsed.invocation.command.path, 'stop')
})

for (const [argv, message, problem] of [
  [['lst'], 'unknown command "lst" for "rkt"\n\nDid you mean this?\n\tlist\n\nRun \'rkt --help\' for usage.', 'unknown-command'],
  [['frobnicate'], 'unknown command "frobnicate" for "rkt"\nRun \'rkt --help\' for usage.', 'unknown-command'],
  [
    ['api-service', '--listen=x'],
    'unknown command "api-service" for "rkt"\n\nrkt has this command, this version of Rocket has not: docs/compatibility.md\n\n' +
    'Run \'rkt --help\' for usage.',
    'unknown-command',
  ],
  [['image', 'nosuch'], 'unknown command "nosuch" for "rkt image"\nRun \'rkt image --help\' for usage.', 'unknown-command'],
  [['list', '--x'], 'unknown flag: --x', 'flag'],
  [['list', '-x'], "unknown shorthand flag: 'x' in -x", 'flag'],
  [['list', '--dir'], 'flag needs an argument: --dir', 'flag'],
  [['list', '--debug=maybe'], 'invalid argument "maybe" for --debug: strconv.ParseBool: parsing "maybe": invalid syntax', 'flag'],
  [['list', '--=x'], 'bad flag syntax: --=x', 'flag'],
  [['list', '--format=xml'], 'invalid argument "xml" for --format: Invalid format option: xml', 'flag'],
  [['image', 'list', '--order=up'], 'invalid argument "up" for --order: wrong sort order', 'flag'],
  [['image', 'list', '--fields=id,id'], 'invalid argument "id,id" for --fields: duplicated option "id"', 'flag'],
  [['--insecure-options=images', 'list'], 'invalid argument "images" for --insecure-options: unknown option "images"', 'flag'],
  [['status', '--wait=soon', 'u'], 'invalid argument "soon" for --wait: time: invalid duration "soon"', 'flag'],
  [['gc', '--grace-period=1'], 'invalid argument "1" for --grace-period: time: invalid duration "1"', 'flag'],
  [['status'], '', 'positionals'],
  [['status', '--uuid-file=f', 'u'], '', 'positionals'],
  [['stop'], '', 'positionals'],
  [['list', 'x'], '', 'positionals'],
  [['run', '--name=x', 'i'], 'invalid argument "x" for --name: --name must follow an image', 'flag'],
  [['run', '--stdin=tty', 'i'], 'invalid argument "tty" for --stdin: --stdin must follow an application', 'flag'],
  [['run', 'i', '--exec=a', '--exec=b'], 'invalid argument "b" for --exec: --exec specified multiple times for the same image', 'images'],
  [['run', 'i', '--frob'], 'unknown flag: --frob', 'images'],
  [['run', '', '--', 'x'], 'an image is required before any app arguments', 'images'],
  [['run', 'i', '--', 'x', '---', '--', 'y'], 'only one set of app arguments allowed per image', 'images'],
  [['fetch', 'i', '--', 'x'], 'app arguments unsupported', 'images'],
  [['run', '--net=a,a', 'i'], 'invalid argument "a,a" for --net: found duplicate netname "a"', 'flag'],
  [['run', '--net=', 'i'], 'invalid argument "" for --net: netname must not be empty', 'flag'],
  [['run', '--net=host:x=y', 'i'], 'invalid argument "host:x=y" for --net: arguments are not supported by special netname "host"', 'flag'],
  [['run', '--set-env=A', 'i'], 'invalid argument "A" for --set-env: must be specified as key=value', 'flag'],
  [['run', '--set-env=A=1', '--set-env=A=2', 'i'], 'invalid argument "A=2" for --set-env: key "A" already set', 'flag'],
  [
    ['run', 'i', '--memory=16m'],
    'invalid argument "16m" for --memory: memory limit of 1 bytes too low. Try a reasonable value, such as --memory=16M',
    'images',
  ],
  [
    ['run', 'i', '--readonly-rootfs', 'x'],
    'invalid argument "x" for --readonly-rootfs: --readonly-rootfs must be set with a boolean',
    'images',
  ],
] as const) {
  test(`says of ${JSON.stringify(argv.join(' '))}: ${message === '' ? 'usage' : message.split('\n')[0]}`, () => {
    const parsed = parse(argv, commands)
    assert.deepEqual(parsed.kind === 'usage-error' && [parsed.problem, parsed.message, parsed.exitCode], [problem, message, 254])
  })
}

test('rkt without a command is a usage error of its own, with exit code 2', () => {
  const parsed = parse([], commands)
  assert.deepEqual(parsed.kind === 'usage-error' && [parsed.problem, parsed.exitCode], ['missing-command', 2])
})

test('help is asked for by flag everywhere, also among images, and a group without a command is its help', () => {
  for (const [argv, path] of [
    [['--help'], undefined],
    [['-h'], undefined],
    [['run', '-h'], 'run'],
    [['run', 'image', '--help'], 'run'],
    [['image'], 'image'],
    [['image', 'list', '-h'], 'image list'],
  ] as const) {
    const parsed = parse(argv, commands)
    assert.equal(parsed.kind, 'help')
    assert.equal(parsed.kind === 'help' ? parsed.command?.path : '', path)
  }
})

test('a boolean takes a value only behind =, a string takes the next word even when it looks like a flag', () => {
  const { flags, images } = invocation('run', '--debug', 'false', '--hostname', '--x')
  assert.equal(flags.get(globalFlags.debug), true)
  assert.equal(flags.get(startFlags.hostname), '--x')
  assert.deepEqual(
    images.map((image) => image.reference),
    ['false'],
  )
})

test('--net alone is the default network, and accumulates', () => {
  assert.deepEqual(invocation('run', '--net', 'i').flags.get(startFlags.net), [{ name: 'default' }])
  assert.deepEqual(invocation('run', '--net=a:X=1;Y=2,b', 'i', '--net=c').flags.get(startFlags.net), [
    { name: 'a', args: 'X=1;Y=2' },
    { name: 'b' },
    { name: 'c' },
  ])
  assert.deepEqual(invocation('run', 'i').flags.get(startFlags.net), [])
})

test('--wait knows never, for ever and a limit', () => {
  const waits = ['--wait', '--wait=', '--wait=true', '--wait=-1s', '--wait=2s', '--wait=false', '--wait=0', '--debug'].map((flag) =>
    invocation('status', flag, 'u').flags.get(statusFlags.wait),
  )
  assert.deepEqual(waits, [{}, {}, {}, {}, { limitMs: 2000 }, undefined, undefined, undefined])
})

test('flags stand in front of the command, behind it, and among images', () => {
  const { flags, images } = invocation(
    '--debug',
    'run',
    '--volume=v,kind=empty',
    'a',
    '--dir',
    '/d',
    '--user=u',
    'b',
    '--volume',
    'w,kind=empty',
  )
  assert.equal(flags.get(globalFlags.dir), '/d')
  assert.deepEqual(
    flags.get(preparationFlags.volume).map((volume) => volume.name),
    ['v', 'w'],
  )
  assert.deepEqual(
    images.map((image) => [image.reference, image.flags.get(imageFlags.user)]),
    [
      ['a', 'u'],
      ['b', ''],
    ],
  )
})

test('a mount belongs to the pod before the first image and to the image behind it', () => {
  const { flags, images } = invocation('run', '--mount=volume=v,target=/p', 'a', '--mount', 'volume=v,target=/q')
  assert.deepEqual(flags.get(preparationFlags.mount), [{ volume: 'v', target: '/p' }])
  assert.deepEqual(images[0]?.flags.get(preparationFlags.mount), [{ volume: 'v', target: '/q' }])
})

test('a flag that is on its way out works and says what to write instead', () => {
  const { flags, images, notices } = invocation('run', '--no-store', 'a', '--cap-retain=CAP_KILL')
  assert.equal(flags.get(pullFlags.noStore), true)
  assert.deepEqual(images[0]?.flags.get(imageFlags.capsRetain), ['CAP_KILL'])
  assert.deepEqual(notices, [
    'Flag --no-store has been deprecated, please use --pull-policy=update',
    'Flag --cap-retain has been deprecated, use --caps-retain instead',
  ])
})

test('enter reads nothing as a flag behind the UUID', () => {
  const { flags, positionals } = invocation('enter', '--app=a', 'uuid', 'ls', '--debug', '-h', '--')
  assert.deepEqual(positionals, ['uuid', 'ls', '--debug', '-h', '--'])
  assert.equal(flags.get(globalFlags.debug), false)
})

test('the last of a scalar flag wins, and --insecure-options is replaced as a whole', () => {
  const { flags } = invocation('list', '--dir=/a', '--dir=/b', '--insecure-options=image,tls', '--insecure-options=http')
  assert.equal(flags.get(globalFlags.dir), '/b')
  assert.deepEqual(flags.get(globalFlags.insecureOptions), ['http'])
})

test('a short flag takes its value as the next word or joined', () => {
  for (const argv of [['-o', 'x.aci'], ['-ox.aci'], ['-o=x.aci']]) {
    assert.equal(
      invocation('image', 'build', ...argv)
        .flags.names()
        .includes('output'),
      true,
    )
  }
})
