import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { chmodSync, writeFileSync } from 'node:fs'
import { plain, story, tellStories, withoutRoot } from '../program/story.ts'

const stage = tellStories()

const commands: readonly string[] = [
  'run', 'prepare', 'run-prepared', 'enter', 'list', 'status', 'stop', 'rm', 'gc', 'cat-manifest', 'fetch', 'image build', 'image list',
  'image rm', 'image cat-manifest', 'version', 'quickstart', 'doctor', 'explain', 'trace', 'completion',
]

for (const command of commands) {
  story(`rkt ${command} refuses a flag that it does not know, and shows those that it has`, async () => {
    const { exitCode, stderr } = await stage.home.rkt([...command.split(' '), '--no-such-flag'])
    assert.equal(exitCode, 254)
    assert.match(stderr, /^Error: unknown flag: --no-such-flag\n/)
    assert.match(stderr, /^OPTIONS:|^GLOBAL OPTIONS:/m)
  })
}

for (const [words, says] of [
  [['nosuch'], /^Error: unknown command "nosuch" for "rkt"\nRun 'rkt --help' for usage\.\n$/],
  [['lst'], /Did you mean this\?\n\tlist\n/],
  [['r'], /^Error: unknown command "r" for "rkt"/],
  [['run', '--name'], /^Error: flag needs an argument: --name\n/],
  [['run', '--set-env=NOEQUALS', 'x'], /^Error: invalid argument "NOEQUALS" for --set-env: must be specified as key=value\n/],
  [['run', '--volume=v,kind=wrong', 'x'], /unrecognized volume kind/],
  [['gc', '--grace-period=soon'], /^Error: invalid argument "soon" for --grace-period/],
  [['list', '--format=xml'], /Invalid format option: xml/],
  [['image', 'list', '--sort=color'], /^Error: invalid argument "color" for --sort/],
  [['list', '--insecure-options=nonsense'], /unknown option "nonsense"/],
  [['fetch', '--pull-policy=sometimes', 'x'], /must be one of new, never, update/],
  [['run'], /^run: must provide at least one image or specify the pod manifest\n/],
  [['prepare'], /^prepare: must provide at least one image/],
  [['explain'], /^explain: must provide at least one image/],
  [['fetch'], /^fetch: must provide at least one image/],
  [['image', 'rm'], /^rm: must provide at least one image ID/],
  [['run', '--memory=1G', 'x'], /--memory must follow an image/],
  [['run', ...plain, '--mount=volume=w,target=/x', 'x'], /dangling mount point "\/x": volume "w" not found/],
  [['run', ...plain, '--port=talk:80', 'x'], /--port flag does not work with 'none' networking/],
  [['run', ...plain, 'x', '--memory=lots'], /invalid argument "lots" for --memory/],
  [['run', ...plain, 'x', '--cpu=-1'], /must be greater than zero/],
  [['run', ...plain, 'x', '--caps-retain=CAP_KILL', '--caps-remove=CAP_KILL'], /cannot use both --caps-retain and --caps-remove/],
  [['completion', 'tcsh'], /'tcsh' shell is not supported/],
] as const) {
  story(`rkt ${words.join(' ')} exits with 254 and says what is wrong`, async () => {
    const { exitCode, stdout, stderr } = await stage.home.rkt(words)
    assert.deepEqual({ exitCode, stdout }, { exitCode: 254, stdout: '' })
    assert.match(stderr, says)
  })
}

for (const words of [
  ['run-prepared'], ['run-prepared', 'a', 'b'], ['enter'], ['status'], ['status', 'a', 'b'], ['stop'], ['rm'], ['cat-manifest'], ['trace'],
  ['gc', 'extra'], ['list', 'extra'],
  ['image', 'cat-manifest'], ['version', 'extra'], ['doctor', 'extra'],
]) {
  story(`rkt ${words.join(' ')} with the wrong number of words prints its usage on standard output and exits with 254`, async () => {
    const { exitCode, stdout, stderr } = await stage.home.rkt(words)
    assert.deepEqual({ exitCode, stderr }, { exitCode: 254, stderr: '' })
    assert.match(stdout, /^NAME:\n\trkt /)
  })
}

for (const command of ['status', 'stop', 'rm', 'run-prepared', 'cat-manifest', 'trace', 'enter']) {
  story(`rkt ${command} of a pod that does not exist says where to look`, async () => {
    const { exitCode, stdout, stderr } = await stage.home.rkt([command, '00000000'])
    assert.deepEqual({ exitCode, stdout }, { exitCode: 254, stdout: '' })
    assert.match(stderr, new RegExp(`^${command}: [a-z ]+: no matches found for "00000000" \\[POD_NOT_FOUND\\]\n {2}try: .*rkt list`))
  })
}

for (const [command, code] of [['status', 1], ['stop', 1], ['rm', 254]] as const) {
  story(`rkt ${command} with a UUID file that is not there exits with ${code}, as rkt's`, async () => {
    const { exitCode, stderr } = await stage.home.rkt([command, '--uuid-file=/nowhere/uuid'])
    assert.equal(exitCode, code)
    assert.match(stderr, /unable to read the UUID file: open \/nowhere\/uuid: no such file or directory \[USAGE\]\n {2}try: /)
  })
}

story('an error is one JSON document where the command prints JSON', async () => {
  const { exitCode, stderr } = await stage.home.rkt(['status', '--format=json', '00000000'])
  assert.equal(exitCode, 254)
  const document = JSON.parse(stderr) as { code: string; what: string; hint: string }
  assert.equal(document.code, 'POD_NOT_FOUND')
  assert.match(document.what, /no matches found/)
})

story('a damaged document of one pod does not hide the others from list', async () => {
  const { home, images } = stage
  const first = (await home.rkt(['prepare', '--insecure-options=image', images.busybox])).stdout.trim()
  const second = (await home.rkt(['prepare', '--insecure-options=image', images.busybox])).stdout.trim()
  writeFileSync(`${home.data}/pods/prepared/${first}/apps/busybox/image.json`, '{ not json')
  const { exitCode, stdout, stderr } = await home.rkt(['list', '--full', '--no-legend'])
  assert.equal(exitCode, 0)
  assert.ok(stdout.includes(first) && stdout.includes(second), stdout)
  assert.match(stderr, /^\d error\(s\) encountered when listing pods:/)
})

const nobody = ['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups']
/** A checkout below a private directory cannot be read by another user. */
const noOther = withoutRoot === false && spawnSync(nobody[0] ?? '', [...nobody.slice(1), 'test', '-r', import.meta.filename]).status !== 0
  ? 'other users cannot read this checkout' : false

for (const words of [['run', 'x'], ['prepare', 'x'], ['run-prepared', 'x'], ['enter', 'x'], ['gc'], ['rm', 'x']]) {
  story(`rkt ${words.join(' ')} without root is refused before anything else`, async () => {
    const { exitCode, stdout, stderr } = await stage.home.rkt(words, { through: nobody, cwd: '/' })
    const message = `${words[0]}: cannot run as unprivileged user [NOT_ROOT]\n  try: run it as root\n`
    assert.deepEqual({ exitCode, stdout, stderr }, { exitCode: 254, stdout: '', stderr: message })
  }, noOther)
}

for (const [words, code, place] of [
  [['list'], 'NOT_ROOT', 'pods/prepare'], [['status', '1'], 'NOT_ROOT', 'pods/prepare'], [['stop', '1'], 'NOT_ROOT', 'pods/prepare'],
  [['cat-manifest', '1'], 'NOT_ROOT', 'pods/prepare'], [['trace', '1'], 'NOT_ROOT', 'pods/prepare'],
  [['image', 'list'], 'STORE_UNSAFE', 'cas'], [['image', 'rm', 'x'], 'STORE_UNSAFE', 'cas'], [['image', 'cat-manifest', 'x'], 'STORE_UNSAFE', 'cas'],
  [['fetch', '--insecure-options=image', '/dev/null'], 'NOT_ROOT', ''],
] as const) {
  story(`rkt ${words.join(' ')} on root's data directory tells another user which path is closed, and to whom it is open`, async () => {
    const { home, images } = stage
    await home.rkt(['prepare', '--insecure-options=image', images.busybox])
    chmodSync(home.directory, 0o755)
    const { exitCode, stdout, stderr } = await home.rkt(words, { through: nobody, cwd: '/' })
    assert.deepEqual({ exitCode, stdout }, { exitCode: 254, stdout: '' })
    const last = words[0] === 'image' ? words[1] : words[0]
    assert.match(stderr, new RegExp(`^${last}: .*${home.data}/${place}.* \\[${code}\\]\n {2}try: run as root`))
  }, noOther)
}

story('a file of variables that cannot be read is refused by name', async () => {
  const { home, images } = stage
  for (const [path, why] of [['/nowhere/env', 'no such file or directory'], ['/etc', 'illegal operation on a directory']]) {
    const { exitCode, stderr } = await home.rkt(['run', ...plain, `--set-env-file=${path}`, images.busybox])
    assert.equal(exitCode, 254)
    assert.equal(stderr, `run: open ${path}: ${why} [USAGE]\n  try: name a file with a NAME=VALUE on each line\n`)
  }
  writeFileSync(home.file('env'), 'A\n')
  assert.match((await home.rkt(['prepare', '--set-env-file=env', images.busybox])).stderr, /^prepare: .*name=value \(file "env"\) \[USAGE\]\n/)
})

story('version, help and doctor work without root', async () => {
  for (const [words, code] of [[['version'], 0], [['help'], 0], [['doctor'], 254]] as const) {
    const { exitCode, stdout } = await stage.home.rkt(words, { through: nobody, cwd: '/' })
    assert.equal(exitCode, code)
    assert.notEqual(stdout, '')
  }
}, noOther)
