import { execFileSync, spawn, type ChildProcess } from 'node:child_process'
import { createServer } from 'node:net'
import { existsSync, mkdirSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { bigImage, smallImage } from './images.ts'
import { output, time, type Command } from './measure.ts'
import { waitFor, waitUntilGone } from './processes.ts'

/** What stands on the machine for a row: the peers, the images, a registry. Made at first use, kept in `.rocket/bench` of the checkout. */
export class World {
  readonly root: string = resolve(import.meta.dirname, '../../..')
  readonly work: string = join(this.root, '.rocket/bench')
  readonly node: string = realpathSync(join(this.root, 'node_modules/.bin/node'))
  readonly turns: number
  #registry: { process: ChildProcess; host: string } | undefined

  constructor(turns: number) {
    this.turns = turns
    mkdirSync(this.work, { recursive: true })
  }

  /** Our program as a user has it: the launcher in the root of the checkout. */
  rkt(data: string, ...args: string[]): Command {
    return { file: join(this.root, 'rkt'), args: [`--dir=${join(this.work, data)}`, ...args] }
  }

  /** Podman on storage of its own; the limits and the runtime are what works without CAP_SYS_RESOURCE and on hybrid cgroups. */
  podman(...args: string[]): Command {
    return this.podmanIn('podman', ...args)
  }

  podmanIn(storage: string, ...args: string[]): Command {
    return {
      file: 'podman',
      args: [
        `--root=${join(this.work, storage)}`, `--runroot=${join(this.work, 'podman-run')}`, `--tmpdir=${join(this.work, 'podman-tmp')}`,
        '--runtime=/usr/sbin/runc', '--cgroup-manager=cgroupfs', '--events-backend=none', ...args,
      ],
    }
  }

  podmanRun(...args: string[]): Command {
    return this.podman('run', '--ulimit=nofile=1024:1024', '--ulimit=nproc=1024:1024', ...args)
  }

  /** Podman tears a container down after `run` has ended. What still runs then would be measured with whoever comes next. */
  async settle(): Promise<void> {
    await waitUntilGone(join(this.work, 'podman-run'))
  }

  async forgetContainers(): Promise<void> {
    await this.settle()
    time(this.podman('rm', '--all', '--force', '--time=0'))
  }

  busybox(): string {
    return join(this.root, '.rocket/debian/bin/busybox')
  }

  /** The small image in the store of `data`: its ID. */
  fetchSmall(data: string, mark?: string): string {
    const layout = smallImage(this.work, this.busybox(), mark)
    const id = output(this.rkt(data, '--insecure-options=image', 'fetch', `oci:${layout}:bench`)).trim().split('\n').at(-1)
    if (id === undefined || !id.startsWith('sha512-')) throw new Error(`rkt fetch printed no image ID but ${id}`)
    return id
  }

  /** The same image in podman's storage: its name there. */
  pullSmall(): string {
    const layout = smallImage(this.work, this.busybox())
    const archive = join(this.work, 'small.oci.tar')
    // Podman makes a name of a layout's path, and this path is no name.
    output({ file: 'skopeo', args: ['copy', '--quiet', `oci:${layout}:bench`, `oci-archive:${archive}:bench`] })
    time(this.podman('load', '--quiet', '--input', archive))
    rmSync(archive)
    return 'localhost/bench:latest'
  }

  /** Removes the pods of a data directory that have ended. */
  collect(data: string): void {
    time(this.rkt(data, 'gc', '--grace-period=0s'))
    time(this.rkt(data, 'gc', '--grace-period=0s'))
  }

  /** The big image in a registry on loopback. */
  bigReference(): Promise<string> {
    return this.serve(bigImage(this.work), 'big')
  }

  /** An image in a registry on loopback: its reference without a scheme. */
  async serve(layout: string, name: string): Promise<string> {
    const host = await this.#startRegistry()
    const reference = `${host}/bench/${name}:latest`
    output({ file: 'skopeo', args: ['copy', '--quiet', '--dest-tls-verify=false', `oci:${layout}:bench`, `docker://${reference}`] })
    return reference
  }

  async close(): Promise<void> {
    this.#registry?.process.kill()
    await this.settle().catch(() => undefined)
  }

  removeData(data: string): void {
    rmSync(join(this.work, data), { recursive: true, force: true })
  }

  async #startRegistry(): Promise<string> {
    if (this.#registry !== undefined) return this.#registry.host
    const port = await freePort()
    const host = `127.0.0.1:${port}`
    const config = join(this.work, 'registry.yml')
    const lines = [
      'version: 0.1', 'log: { level: error, accesslog: { disabled: true } }',
      `storage: { filesystem: { rootdirectory: ${join(this.work, 'registry')} } }`, `http: { addr: ${host} }`,
    ]
    writeFileSync(config, `${lines.join('\n')}\n`)
    // It dies with us, however we do.
    const process = spawn('setpriv', ['--pdeathsig', 'TERM', 'docker-registry', 'serve', config], { stdio: 'ignore' })
    this.#registry = { process, host }
    await waitFor(() => fetch(`http://${host}/v2/`).then((answer) => answer.ok, () => false), 20_000)
    return host
  }
}

/** Installs what is missing, as CI does, and podman. Says so first. */
export function installPeers(root: string): void {
  execFileSync('sh', [join(root, 'tools/ci/install-packages.sh')], { stdio: ['ignore', 2, 2] })
  const missing = ['podman', 'catatonit'].filter((name) => !existsSync(`/usr/bin/${name}`) && !existsSync(`/usr/libexec/podman/${name}`))
  if (missing.length === 0) return
  process.stderr.write(`from Debian: ${missing.join(' ')}\n`)
  const args = ['-q', '-y', '-o', 'DPkg::Lock::Timeout=300', 'install', '--no-install-recommends', ...missing]
  execFileSync('apt-get', args, { stdio: ['ignore', 2, 2], env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' } })
}

function freePort(): Promise<number> {
  return new Promise((done, fail) => {
    const server = createServer().once('error', fail).listen(0, '127.0.0.1', () => {
      const address = server.address()
      server.close(() => (typeof address === 'object' && address !== null ? done(address.port) : fail(new Error('no port'))))
    })
  })
}
