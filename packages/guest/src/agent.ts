import * as os from 'os'
import * as std from 'std'
import { guestLayout, parseGuestPod, type GuestPod } from '@rocket/contracts/guest'
import { Children } from './children.ts'
import type { GuestSystem } from './guest-system.ts'
import { planNetwork, type Link } from './plan-network.ts'
import { encodeUtf8, writeBytes } from './quickjs/bytes.ts'
import { serveControlPort } from './quickjs/control-port.ts'
import { must, openQuickjsSystem } from './quickjs/quickjs-system.ts'
import { releaseShare, turnOff } from './quickjs/shutdown.ts'
import { portNamed } from './streams.ts'
import { Supervisor, type Said } from './supervisor.ts'

/**
 * The first process of the guest, after /init has mounted what it needs and started the holder of the apps' namespaces, whose pid is the
 * argument. Reads guest.json, makes the network, runs the apps, and turns the machine off when the pod is over. Where it fails it says
 * why on the event port and turns the machine off as well: a guest never waits for somebody to notice.
 */
async function main(holder: string): Promise<void> {
  const system = openQuickjsSystem()
  const say = await openEvents(system)
  try {
    const pod = readPod(system)
    system.writeText('/proc/sys/kernel/hostname', pod.hostname)
    await setUp(pod, holder, system, say)
    await runPod(pod, system, say)
  } catch (error) {
    say({ event: 'problem', message: `the agent went wrong: ${(error as Error).message}`.slice(0, 4096) })
    await releaseShare()
  }
  turnOff()
}

/** The kernel learns of ports one after the other, while /init runs. */
async function openEvents(system: GuestSystem): Promise<(event: Said) => void> {
  const { path } = await portNamed(guestLayout.eventPort, system)
  const fd = system.open(path, 'write')
  return (event) => void writeBytes(fd, encodeUtf8(`${JSON.stringify({ ...event, at: system.now() })}\n`))
}

function readPod(system: GuestSystem): GuestPod {
  const path = `${guestLayout.mountPoint}/${guestLayout.pod}`
  const text = system.readText(path)
  if (text === undefined) throw new Error(`${path} cannot be read`)
  return parseGuestPod(text)
}

async function setUp(pod: GuestPod, holder: string, system: GuestSystem, say: (event: Said) => void): Promise<void> {
  const read = (path: string): string => (system.readText(path) ?? '').trim()
  say({
    event: 'ready', protocol: 1, bootId: read('/proc/sys/kernel/random/boot_id'), kernel: read('/proc/sys/kernel/osrelease'),
    uptimeMs: Math.round(Number.parseFloat(read('/proc/uptime')) * 1000),
  })
  const children = new Children(system)
  if (pod.network.interfaces.length > 0) {
    const loading = ['-c', 'for module in /modules/network/*; do [ ! -e "$module" ] || insmod "$module"; done']
    await children.run(['/bin/sh', ...loading]).ended
    const { commands, problems } = planNetwork(pod.network, readLinks(read))
    for (const message of problems) say({ event: 'problem', message })
    const made = await children.run(['/bin/sh', '-ec', commands.join('\n')]).ended
    if (!('exitCode' in made) || made.exitCode !== 0) say({ event: 'problem', message: 'the network could not be made whole' })
  }
  await linkNamespaces(holder, system)
}

function readLinks(read: (path: string) => string): Link[] {
  const [names] = os.readdir('/sys/class/net')
  return names.filter((name) => name !== '.' && name !== '..').map((name) => ({ name, mac: read(`/sys/class/net/${name}/address`) }))
}

/** The holder has made its namespaces when they are no longer ours. */
async function linkNamespaces(holder: string, system: GuestSystem): Promise<void> {
  const own = os.readlink('/proc/self/ns/pid')[0]
  for (let waitedMs = 0; waitedMs < 5000; waitedMs += 5) {
    const [theirs, failed] = os.readlink(`/proc/${holder}/ns/pid_for_children`)
    if (failed === 0 && theirs !== own) {
      must(os.symlink(`/proc/${holder}/ns/pid_for_children`, guestLayout.namespaces.pid), 'link the pid namespace')
      must(os.symlink(`/proc/${holder}/ns/ipc`, guestLayout.namespaces.ipc), 'link the ipc namespace')
      return
    }
    await new Promise<void>((resolve) => void system.after(5, resolve))
  }
  throw new Error('the namespaces of the apps were not made')
}

async function runPod(pod: GuestPod, system: GuestSystem, say: (event: Said) => void): Promise<void> {
  const control = await portNamed(guestLayout.controlPort, system)
  const over = await new Promise<Said>((resolve) => {
    const supervisor = new Supervisor(pod, { system, say, over: resolve })
    serveControlPort(control.path, system, (request) => supervisor.handle(request))
    supervisor.begin()
  })
  const problem = await releaseShare()
  if (problem !== undefined) say({ event: 'problem', message: problem })
  say(over)
}

void main(scriptArgs[1] ?? '').catch((error: unknown) => {
  // The end of the first process is the end of the kernel, and so of QEMU.
  console.log(`the agent went wrong: ${(error as Error).message}`)
  std.exit(1)
})
