import { execFileSync, spawn } from 'node:child_process'
import { closeSync, existsSync, openSync, readFileSync, writeFileSync } from 'node:fs'
import { connect, createServer, type AddressInfo } from 'node:net'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import type { TestContext } from 'node:test'

export interface TestRegistry {
  /** `127.0.0.1:PORT`; plain http. */
  host: string
  /** Copies an image there with skopeo, the way anyone would. */
  push(from: string, name: string, ...options: string[]): void
}

/** Of docker-registry's own configuration. */
export interface RegistryConfiguration {
  /** The directory of another one, to serve what was pushed there. */
  storage?: string
  http?: object
  auth?: object
}

/** Why these tests cannot run here, or false. */
export const registryMissing: string | false = ['/usr/bin/docker-registry', '/usr/bin/skopeo'].every((path) => existsSync(path)) ? false
  : "needs Debian's docker-registry and skopeo: apt-get install docker-registry skopeo"

/** Debian's docker-registry on a free port of this machine, with its files in `directory`; ended with the test. */
export async function startRegistry(
  t: Pick<TestContext, 'after'>, directory: string, user?: { name: string; password: string }, more: RegistryConfiguration = {},
): Promise<TestRegistry> {
  const host = `127.0.0.1:${await freePort()}`
  const htpasswd = join(directory, 'htpasswd')
  if (user !== undefined) writeFileSync(htpasswd, `${user.name}:${bcrypt(user.password)}\n`)
  const config = {
    version: '0.1', log: { level: 'error', accesslog: { disabled: true } }, storage: {
      filesystem: { rootdirectory: more.storage ?? join(directory, 'registry') },
    }, http: { addr: host, ...more.http },
    ...(more.auth === undefined ? {} : { auth: more.auth }),
    ...(user === undefined ? {} : { auth: { htpasswd: { realm: 'test', path: htpasswd } } }),
  }
  writeFileSync(join(directory, 'registry.json'), JSON.stringify(config))
  const log = openSync(join(directory, 'registry.log'), 'w')
  const child = spawn('docker-registry', ['serve', join(directory, 'registry.json')], { stdio: ['ignore', log, log] })
  closeSync(log)
  const ended = new Promise((resolve) => child.once('close', resolve))
  t.after(async () => {
    child.kill('SIGKILL')
    await ended
  })
  for (let attempt = 0; !await listens(host); attempt += 1) {
    if (attempt === 100 || child.exitCode !== null) throw new Error(
      `docker-registry did not start: ${readFileSync(join(directory, 'registry.log'), 'utf8')}`
    )
    await setTimeout(50)
  }
  const credentials = user === undefined ? [] : [`--dest-creds=${user.name}:${user.password}`]
  return {
    host,
    push: (from, name, ...options) => {
      execFileSync(
        'skopeo', ['copy', '--quiet', '--dest-tls-verify=false', ...credentials, ...options, from, `docker://${host}/${name}`],
        { stdio: ['ignore', 'ignore', 'inherit'] },
      )
    },
  }
}

/** libc's crypt knows bcrypt, the only kind the registry takes, and Debian's base has perl. */
function bcrypt(password: string): string {
  return execFileSync('perl', ['-e', 'print crypt($ARGV[0], q{$2b$05$abcdefghijklmnopqrstuu})', password], { encoding: 'utf8' })
}

async function listens(host: string): Promise<boolean> {
  const [name, port] = host.split(':')
  const socket = connect(Number(port), name)
  const connected = await new Promise<boolean>((resolve) => {
    socket.once('connect', () => resolve(true))
    socket.once('error', () => resolve(false))
  })
  socket.destroy()
  return connected
}

export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return port
}
