import assert from 'node:assert/strict'
import { join } from 'node:path'
import { textOf } from '../program/home.ts'
import { plain, sh, story, tellStories } from '../program/story.ts'

const stage = tellStories()

/** App arguments end at `---` where another image follows. */
function apps(...each: readonly string[][]): string[] {
  return each.flatMap((words, index) => (index < each.length - 1 ? [...words, '---'] : words))
}

const statusPattern = /^app-(\w+)=(\d+)$/gm

async function codes(): Promise<Record<string, string>> {
  const { stdout } = await stage.home.rkt(['status', `--uuid-file=${stage.home.file('uuid')}`])
  return Object.fromEntries([...stdout.matchAll(statusPattern)].map(([, app = '', code = '']) => [app, code]))
}

story('two apps of a pod share pid, network, ipc and uts namespaces, and have their own files', async () => {
  const { home, images } = stage
  const look = 'for n in pid net ipc uts; do readlink /proc/self/ns/$n; done; touch /mine-$AC_APP_NAME; ls / | grep mine'
  const { stdout, exitCode, stderr } = await home.rkt(['run', ...plain, ...apps(
    sh(images.busybox, look, '--name=one'), sh(images.busybox, look, '--name=two'),
  )])
  assert.equal(exitCode, 0, stderr)
  const lines = stdout.split('\n')
  const of = (app: string): string[] => lines.filter((line) => line.startsWith(`${app}[`)).map((line) => line.replace(/^\w+\[\d+\]: /, ''))
  assert.equal(of('one').length, 5, stdout)
  assert.deepEqual(of('one').slice(0, 4), of('two').slice(0, 4))
  assert.deepEqual([of('one')[4], of('two')[4]], ['mine-one', 'mine-two'])
})

story('lines of several apps carry the app and its pid, stdout and stderr apart, and lie in logs/ as they were', async () => {
  const { home, images } = stage
  const { stdout, stderr } = await home.rkt(['run', ...plain, '--uuid-file-save=uuid', ...apps(
    sh(images.busybox, 'echo out-1; echo err-1 >&2; printf "no newline"', '--name=one'), sh(images.busybox, 'echo out-2', '--name=two'),
  )])
  assert.match(stdout, /^one\[\d+\]: out-1$/m)
  assert.match(stdout, /^one\[\d+\]: no newline$/m)
  assert.match(stdout, /^two\[\d+\]: out-2$/m)
  assert.match(stderr, /^one\[\d+\]: err-1$/m)
  const pod = join(home.data, 'pods/run', textOf(home.file('uuid')))
  assert.deepEqual(textOf(join(pod, 'logs/one.log')).trimEnd().split('\n').toSorted(), ['err-1', 'no newline', 'out-1'])
  assert.equal(textOf(join(pod, 'logs/two.log')), 'out-2\n')
})

story('when one app fails the others are stopped, and its code is the pod\'s', async () => {
  const { home, images } = stage
  const before = Date.now()
  const { exitCode } = await home.rkt(['run', ...plain, '--uuid-file-save=uuid', ...apps(
    sh(images.busybox, 'trap "exit 0" TERM; sleep 60 & wait', '--name=stays'), sh(images.busybox, 'sleep 0.2; exit 7', '--name=fails'),
  )])
  assert.equal(exitCode, 7)
  assert.ok(Date.now() - before < 8000, 'nobody waited for the app that stays')
  assert.deepEqual(await codes(), { fails: '7', stays: '0' })
})

story('an app that is killed fails the pod with the number of the signal', async () => {
  const { home, images } = stage
  const { exitCode } = await home.rkt(['run', ...plain, ...apps(
    sh(images.busybox, 'sleep 60', '--name=stays'), sh(images.busybox, 'sleep 0.2; kill -KILL $$', '--name=dies'),
  )])
  assert.equal(exitCode, 9)
})

story('success waits for the last app', async () => {
  const { home, images } = stage
  const { exitCode, stdout } = await home.rkt(['run', ...plain, '--uuid-file-save=uuid', ...apps(
    sh(images.busybox, 'true', '--name=quick'), sh(images.busybox, 'sleep 0.5; echo late', '--name=slow'),
  )])
  assert.equal(exitCode, 0)
  assert.match(stdout, /slow\[\d+\]: late/)
  assert.deepEqual(await codes(), { quick: '0', slow: '0' })
})

story('two apps exchange files through a volume', async () => {
  const { home, images } = stage
  const { exitCode, stdout, stderr } = await home.rkt(['run', ...plain, '--volume=v,kind=empty', '--mount=volume=v,target=/shared', ...apps(
    sh(images.busybox, 'echo parcel > /shared/tmp; cd /shared; busybox mv tmp parcel', '--name=sender'),
    sh(images.busybox, 'while ! cat /shared/parcel 2>/dev/null; do sleep 0.05; done', '--name=receiver'),
  )])
  assert.equal(exitCode, 0, stderr)
  assert.match(stdout, /receiver\[\d+\]: parcel/)
})

story('two apps talk over the loopback interface of their pod', async () => {
  const { home, images } = stage
  const { exitCode, stdout, stderr } = await home.rkt(['run', ...plain, ...apps(
    sh(images.busybox, 'echo hello | nc -l -p 7000', '--name=server'),
    sh(
      images.busybox, 'for i in 1 2 3 4 5 6 7 8 9; do nc 127.0.0.1 7000 </dev/null 2>/dev/null && exit 0; sleep 0.2; done; exit 1',
      '--name=client',
    ),
  )])
  assert.equal(exitCode, 0, `${stdout}${stderr}`)
  assert.match(stdout, /client\[\d+\]: hello/)
})

story('two apps of one image need names, and say so', async () => {
  const { home, images } = stage
  const { exitCode, stderr } = await home.rkt(['run', ...plain, images.busybox, images.busybox])
  assert.equal(exitCode, 254)
  assert.match(stderr, /APP_NAME_DUPLICATE/)
  assert.match(stderr, /multiple apps with name busybox/)
})
