import assert from 'node:assert/strict'
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { lockDirectory } from '@rocket/host'
import { imageId, makePod } from '../testing/make-pod.ts'
import { runRkt } from '../testing/run-rkt.ts'

const data = mkdtempSync(join(tmpdir(), 'rkt-list-'))
after(() => rmSync(data, { recursive: true }))

const uuid = (digit: string): string => `${digit.repeat(8)}-${digit.repeat(4)}-4000-8000-${digit.repeat(12)}`
const dir = `--dir=${data}`

before(() => {
  makePod(data, {
    uuid: uuid('1'),
    place: 'run',
    apps: [{ name: 'web', version: '1.2', status: {} }],
    started: true,
    addresses: ['172.16.28.2/24'],
  })
  makePod(data, {
    uuid: uuid('2'),
    place: 'exited-garbage',
    started: true,
    apps: [
      { name: 'z-first', status: { state: 'exited', exitCode: 3 } },
      { name: 'a-second', status: { state: 'exited', signal: 9 } },
      { name: 'b-third', status: { state: 'failed', reason: 'no such program' } },
    ],
  })
  makePod(data, { uuid: uuid('3'), place: 'prepared', apps: [{ name: 'web' }] })
  makePod(data, { uuid: uuid('4'), place: 'prepare' })
  makePod(data, { uuid: uuid('5'), place: 'embryo' })
  makePod(data, { uuid: uuid('6'), place: 'garbage' })
  makePod(data, {
    uuid: '11111111-2222-4000-8000-000000000000',
    place: 'run',
    apps: [{ name: 'web', status: { state: 'exited', exitCode: 0 } }],
    started: true,
  })
  lockDirectory(join(data, 'pods/run', uuid('1')), { kind: 'exclusive' })
})

test('list shows the visible pods by UUID, a row for each app, the cells of the pod once', () => {
  const { code, out, err } = runRkt(dir, 'list', '--no-legend')
  const rows = out
    .trimEnd()
    .split('\n')
    .map((line) => line.split(/\t+/))
  assert.deepEqual([code, err], [0, ''])
  assert.deepEqual(
    rows.map((row) => [row[0], row[1], row[2], row[3]]),
    [
      ['11111111', 'web', 'example.com/web:1.2', 'running'],
      ['11111111', 'web', 'example.com/web', 'exited'],
      ['22222222', 'z-first', 'example.com/web', 'exited garbage'],
      ['', 'a-second', 'example.com/web', ''],
      ['', 'b-third', 'example.com/web', ''],
      ['33333333', 'web', 'example.com/web', 'prepared'],
      ['44444444', '-', '-', 'aborted prepare'],
    ],
  )
  assert.equal(rows[0]?.at(-1), 'default:ip4=172.16.28.2')
})

test('list --full shows whole UUIDs, image IDs of 19 characters and absolute times', () => {
  const { out } = runRkt(dir, 'list', '--full')
  const [header, running] = out.split('\n').map((line) => line.split(/\t+/))
  assert.deepEqual(header, ['UUID', 'APP', 'IMAGE NAME', 'IMAGE ID', 'STATE', 'CREATED', 'STARTED', 'NETWORKS'])
  assert.deepEqual(running, [
    uuid('1'),
    'web',
    'example.com/web:1.2',
    imageId.slice(0, 19),
    'running',
    '2026-01-02 03:04:05.678 +0000 UTC',
    '2026-01-02 03:04:06 +0000 UTC',
    'default:ip4=172.16.28.2',
  ])
})

test("list --format=json has rkt's keys, seconds for pods and nanoseconds for apps", () => {
  const pods = JSON.parse(runRkt(dir, 'list', '--format=json').out) as Record<string, unknown>[]
  const running = pods.find((pod) => pod['name'] === uuid('1'))
  assert.deepEqual(running, {
    name: uuid('1'),
    state: 'running',
    networks: [{ netName: 'default', netConf: '', pluginPath: 'ptp', ifName: 'eth0', ip: '172.16.28.2', args: '', mask: '255.255.255.0' }],
    app_names: ['web'],
    apps: [
      {
        name: 'web',
        state: 'running',
        created_at: 1767323046000000000,
        started_at: 1767323046000000000,
        image_id: imageId,
        mounts: [{ name: 'data', container_path: '/data', host_path: `${data}/pods/run/${uuid('1')}/sharedVolumes/data`, read_only: true }],
        user_labels: { tier: 'front' },
      },
    ],
    created_at: 1767323045,
    started_at: 1767323046,
  })
  assert.match(runRkt(dir, 'list', '--format=json-pretty').out, /^\[\n\t\{\n\t\t"name"/)
})

test('list of nothing is a header, or null', () => {
  assert.equal(runRkt('--dir=/nonexistent', 'list').out, 'UUID\tAPP\tIMAGE NAME\tSTATE\tCREATED\tSTARTED\tNETWORKS\n')
  assert.equal(runRkt('--dir=/nonexistent', 'list', '--format=json').out, 'null\n')
})

test('list goes on where a pod cannot be read, says so afterwards, and exits with 0', () => {
  const broken = mkdtempSync(join(tmpdir(), 'rkt-list-'))
  const directory = makePod(broken, { uuid: uuid('1'), place: 'prepared', apps: [{ name: 'web' }] })
  writeFileSync(join(directory, 'apps/web/image.json'), '{')
  const { code, out, err } = runRkt(`--dir=${broken}`, 'list', '--no-legend')
  rmSync(broken, { recursive: true })
  assert.equal(code, 0)
  assert.match(out, /^11111111\tweb\t--\tprepared/)
  assert.match(
    err,
    /^2 error\(s\) encountered when listing pods:\n-{40}\n[^\n]+image\.json is not JSON\n-{40}\n[^\n]+\n-{40}\nmisc:\n {2}rkt's appc version: 0\.8\.11\n\n$/,
  )
})

for (const [digits, lines] of [
  [
    '11111111-1',
    [
      'state=running',
      'created=2026-01-02 03:04:05.678 +0000 UTC',
      'started=2026-01-02 03:04:06 +0000 UTC',
      'networks=default:ip4=172.16.28.2',
      'pid=4321',
      'exited=false',
    ],
  ],
  [
    '2',
    [
      'state=exited garbage',
      'created=2026-01-02 03:04:05.678 +0000 UTC',
      'started=2026-01-02 03:04:06 +0000 UTC',
      'pid=4321',
      'exited=true',
      'app-z-first=3',
      'app-a-second=9',
      'app-b-third=254',
    ],
  ],
  ['33', ['state=prepared', 'created=2026-01-02 03:04:05.678 +0000 UTC']],
] as const) {
  test(`status of ${lines[0]} prints its lines`, () => {
    assert.deepEqual(runRkt(dir, 'status', digits), { code: 0, out: `${lines.join('\n')}\n`, err: '' })
  })
}

for (const [text, message] of [
  ['', 'UUID cannot be empty'],
  ['9', 'no matches found for "9"'],
  ['1111', 'ambiguous uuid, 2 matches'],
  ['55555555', 'no matches found for "55555555"'],
  ['66666666', 'no matches found for "66666666"'],
] as const) {
  test(`status of ${JSON.stringify(text)}: ${message}`, () => {
    const { code, err } = runRkt(dir, 'status', text)
    assert.deepEqual([code, err.split(' [POD_NOT_FOUND]')[0]], [254, `status: problem retrieving pod: ${message}`])
  })
}

test('an error is a document where JSON was asked for', () => {
  const { code, err } = runRkt(dir, 'status', '9', '--format=json')
  assert.deepEqual([code, (JSON.parse(err) as { code: string }).code], [254, 'POD_NOT_FOUND'])
})

test('status waits for the end and for readiness, and gives up in time', () => {
  const limited = runRkt(dir, 'status', '--wait=150ms', '11111111-1')
  assert.deepEqual(
    [limited.code, limited.err],
    [254, 'status: error waiting for pod to finish: context deadline exceeded [WAIT_TIMEOUT]\n'],
  )
  const unready = runRkt(dir, 'status', '--wait-ready=150ms', '11111111-1')
  assert.deepEqual(
    [unready.code, unready.err],
    [254, 'status: error waiting for pod readiness: context deadline exceeded [WAIT_TIMEOUT]\n'],
  )
  assert.equal(runRkt(dir, 'status', '--wait=5s', '2').code, 0)
  mkdirSync(join(data, 'pods/run', uuid('1'), 'stage1/rootfs/rkt'), { recursive: true })
  symlinkSync('ready', join(data, 'pods/run', uuid('1'), 'stage1/rootfs/rkt/supervisor-status'))
  assert.equal(runRkt(dir, 'status', '--wait-ready=5s', '11111111-1').code, 0)
})

test('a UUID file that cannot be read is 1 for status and stop, 254 for rm', () => {
  for (const [command, code] of [
    ['status', 1],
    ['stop', 1],
    ['rm', 254],
  ] as const) {
    const ran = runRkt(dir, command, '--uuid-file=/nonexistent')
    assert.deepEqual(
      [ran.code, ran.err],
      [
        code,
        `${command}: unable to read the UUID file: open /nonexistent: no such file or directory [USAGE]\n  try: name the file that --uuid-file-save wrote\n`,
      ],
    )
  }
})

test('a UUID file is read with white space around it', () => {
  const file = join(data, 'uuid')
  writeFileSync(file, ` ${uuid('3')}\n`)
  assert.match(runRkt(dir, 'status', `--uuid-file=${file}`).out, /^state=prepared\n/)
})

test('stop tells pods apart that run, have run, and never ran', () => {
  const { code, out, err } = runRkt(dir, 'stop', '2', '3', 'zz')
  assert.equal(code, 254)
  assert.equal(out, `pod "${uuid('2')}" is already stopped\n`)
  assert.match(
    err,
    new RegExp(
      `^stop: pod "${uuid('3')}" is not running\nstop: cannot get pod: no matches found for "zz" .*\n.*\nstop: failed to stop 2 pod\\(s\\)\n$`,
    ),
  )
})

test('stop does not signal a process that only has the same number', () => {
  // stage2.json names this very process with another start time.
  const { code, err } = runRkt(dir, 'stop', '11111111-1')
  assert.equal(code, 254)
  assert.match(err, new RegExp(`^stop: error stopping "${uuid('1')}": supervisor for pod "${uuid('1')}" is not yet ready `))
})

test('rm refuses a running pod and an unknown one', { skip: process.getuid?.() !== 0 && 'needs root' }, () => {
  const { code, err } = runRkt(dir, 'rm', '11111111-1', '9')
  assert.equal(code, 254)
  assert.match(
    err,
    new RegExp(
      `^rm: pod "${uuid('1')}" is currently running\nrm: cannot get pod: no matches found for "9" .*\n.*\nrm: failed to remove one or more pods\n$`,
    ),
  )
  assert.equal(existsSync(join(data, 'pods/run', uuid('1'))), true)
})

test('cat-manifest prints the pod manifest, indented or not', () => {
  assert.equal(runRkt(dir, 'cat-manifest', '3').out, '{\n\t"acKind": "PodManifest",\n\t"acVersion": "0.8.11",\n\t"apps": []\n}\n')
  assert.equal(runRkt(dir, 'cat-manifest', '--pretty-print=false', '3').out, '{"acKind":"PodManifest","acVersion":"0.8.11","apps":[]}\n')
})

test('a pod that moves on while it is waited for is followed', async () => {
  const moving = mkdtempSync(join(tmpdir(), 'rkt-move-'))
  const directory = makePod(moving, { uuid: uuid('7'), place: 'run' })
  const fd = lockDirectory(directory, { kind: 'exclusive' })
  const { spawn } = await import('node:child_process')
  const child = spawn(process.execPath, [join(import.meta.dirname, '../main.ts'), `--dir=${moving}`, 'status', '--wait=20s', '7'])
  let out = ''
  child.stdout.on('data', (chunk: Buffer) => (out += chunk.toString()))
  await new Promise((resolve) => setTimeout(resolve, 600))
  mkdirSync(join(moving, 'pods/exited-garbage'), { recursive: true })
  renameSync(directory, join(moving, 'pods/exited-garbage', uuid('7')))
  const { closeSync } = await import('node:fs')
  closeSync(fd)
  const code = await new Promise((resolve) => child.on('close', resolve))
  rmSync(moving, { recursive: true })
  assert.deepEqual([code, out.split('\n')[0]], [0, 'state=exited garbage'])
})
