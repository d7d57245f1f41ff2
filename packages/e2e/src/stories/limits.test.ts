import assert from 'node:assert/strict'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { names, startPod, textOf } from '../program/home.ts'
import { plain, sh, story, tellStories } from '../program/story.ts'

const stage = tellStories()

/** Of the status file of a process of the kernel: the last 16 digits of a capability set. */
async function capabilities(...flags: string[]): Promise<{ bounding: bigint; effective: bigint; noNewPrivileges: string | undefined }> {
  const { stdout, stderr } = await stage.home.rkt(['run', ...plain, ...sh(stage.images.busybox, 'cat /proc/self/status', ...flags)])
  const field = (name: string): string | undefined => new RegExp(`^${name}:\\s*(\\w+)$`, 'm').exec(stdout)?.[1]
  const set = (name: string): bigint => BigInt(`0x${field(name) ?? assert.fail(`no ${name} in ${stdout}${stderr}`)}`)
  return { bounding: set('CapBnd'), effective: set('CapEff'), noNewPrivileges: field('NoNewPrivs') }
}

const bit = {
  CAP_CHOWN: 1n << 0n, CAP_KILL: 1n << 5n, CAP_NET_BIND_SERVICE: 1n << 10n, CAP_NET_ADMIN: 1n << 12n, CAP_SYS_ADMIN: 1n << 21n,
  CAP_SYS_MODULE: 1n << 16n,
}

story('an app has the ordinary capabilities, and none to rule the machine', async () => {
  const { bounding, effective, noNewPrivileges } = await capabilities()
  assert.ok((bounding & bit.CAP_CHOWN) !== 0n && (bounding & bit.CAP_KILL) !== 0n)
  assert.equal(bounding & (bit.CAP_SYS_ADMIN | bit.CAP_SYS_MODULE | bit.CAP_NET_ADMIN), 0n)
  assert.equal(effective, bounding)
  assert.equal(noNewPrivileges, '1')
})

story('--caps-retain leaves exactly these', async () => {
  const { bounding } = await capabilities('--caps-retain=CAP_NET_BIND_SERVICE,CAP_KILL')
  assert.equal(bounding, bit.CAP_NET_BIND_SERVICE | bit.CAP_KILL)
})

story('--caps-remove takes these from the ordinary ones', async () => {
  const ordinary = await capabilities()
  const { bounding } = await capabilities('--caps-remove=CAP_CHOWN,CAP_KILL')
  assert.equal(bounding, ordinary.bounding & ~(bit.CAP_CHOWN | bit.CAP_KILL))
})

story('an app that is not root has no effective capabilities', async () => {
  const { effective } = await capabilities('--user=1000', '--group=1001')
  assert.equal(effective, 0n)
})

/** Files of the pod's cgroups, wherever this machine has its controllers. */
function cgroupValues(uuid: string, ...files: string[]): string[] {
  const base = '/sys/fs/cgroup'
  const directories = readdirSync(base, { withFileTypes: true }).filter((entry) => entry.isDirectory())
  const roots = [base, ...directories.map(({ name }) => join(base, name))]
  return roots.flatMap((root) => names(root).filter((name) => name.startsWith(`rkt-${uuid}`)).flatMap((name) =>
    names(join(root, name)).filter((file) => files.includes(file)).map((file) => textOf(join(root, name, file)).trim())))
}

story('--memory and --cpu stand in the cgroup of the app', async () => {
  const { home, images } = stage
  const { uuid, running } = await startPod(home, [...plain, ...sh(images.busybox, 'sleep 60', '--memory=64M', '--cpu=500m')])
  assert.deepEqual(cgroupValues(uuid, 'memory.limit_in_bytes', 'memory.max'), [String(64_000_000 - (64_000_000 % 4096))])
  const cpu = cgroupValues(uuid, 'cpu.max', 'cpu.cfs_quota_us', 'cpu.cfs_period_us')
  assert.ok(cpu.includes('50000 100000') || (cpu.includes('50000') && cpu.includes('100000')), cpu.join())
  await home.rkt(['stop', '--force', uuid])
  await running.ended
})

story('an app that takes more memory than its limit is killed', async () => {
  const { home, images } = stage
  const { exitCode } = await home.rkt([
    'run', ...plain, images.busybox, '--memory=16M', '--exec=/bin/dd', '--', 'if=/dev/zero', 'of=/dev/null', 'bs=200M', 'count=1',
  ])
  assert.equal(exitCode, 9)
})

story('a memory limit that nothing fits into is refused before anything is made', async () => {
  const { home, images } = stage
  const { exitCode, stderr } = await home.rkt(['run', ...plain, images.busybox, '--memory=16m'])
  assert.equal(exitCode, 254)
  assert.match(stderr, /memory limit of \d+ bytes too low. Try a reasonable value, such as --memory=16M/)
  assert.deepEqual(names(join(home.data, 'pods/prepare')), [])
})

story('an app cannot mount, load modules or change the clock', async () => {
  const { home, images } = stage
  const { stdout } = await home.rkt([
    'run', ...plain,
    ...sh(
      images.busybox,
      'mount -t tmpfs none /tmp || echo refused; head -c 1 /proc/kcore 2>/dev/null | wc -c; echo > /proc/sysrq-trigger || echo refused',
    ),
  ])
  assert.deepEqual(stdout.trimEnd().split('\n'), ['refused', '0', 'refused'])
})
