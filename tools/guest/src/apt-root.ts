import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { RocketError } from '@rocket/contracts'
import { runProgramOrFail } from '@rocket/host'
import type { LockedPackage } from './lock.ts'
import { architecture, suite } from './recipe.ts'

const keyring = '/usr/share/keyrings/debian-archive-keyring.gpg'

/** Without a path: what lies below it is the archive's own. */
export function mirror(): string {
  return process.env['ROCKET_DEBIAN_MIRROR'] ?? 'http://deb.debian.org'
}

/** Asks the archive of one release with apt, which checks its signatures, without touching what the machine has of its own. */
export class AptRoot {
  readonly #directory: string

  constructor(directory: string) {
    this.#directory = directory
    for (const name of ['lists/partial', 'cache/archives/partial']) mkdirSync(join(directory, name), { recursive: true })
    writeFileSync(join(directory, 'status'), '')
    writeFileSync(join(directory, 'sources.list'), [
      `deb [signed-by=${keyring}] ${mirror()}/debian ${suite} main`, `deb [signed-by=${keyring}] ${mirror()}/debian-security ${suite}-security main`, '',
    ].join('\n'))
    writeFileSync(join(directory, 'apt.conf'), Object.entries({
      'Dir::Etc::SourceList': join(directory, 'sources.list'), 'Dir::Etc::SourceParts': '/dev/null', 'Dir::Etc::PreferencesParts': '/dev/null',
      'Dir::State': directory, 'Dir::State::Lists': join(directory, 'lists'), 'Dir::State::Status': join(directory, 'status'),
      'Dir::Cache': join(directory, 'cache'), 'APT::Architecture': architecture, 'APT::Install-Recommends': 'false', 'APT::Sandbox::User': 'root',
    }).map(([key, value]) => `${key} "${value}";\n`).join(''))
    this.#run('apt-get', '-q', 'update')
  }

  /** The first package that another depends on and whose name begins as it does: what a meta package stands for. */
  carrierOf(meta: string): string {
    const depends = /^Depends: (.*)$/m.exec(this.#run('apt-cache', 'show', '--no-all-versions', meta))?.[1] ?? ''
    const name = depends.split(', ').map((one) => one.split(' ')[0] ?? '').find((one) => one.startsWith('linux-'))
    if (name === undefined) throw new RocketError('GUEST_BUILD_FAILED', { what: `package ${meta} depends on no kernel` })
    return name
  }

  /** These packages and all that they depend on, sorted. */
  closure(names: readonly string[]): string[] {
    const lines = this.#run('apt-get', 'install', '--print-uris', '-qq', ...names).split('\n')
    return lines.flatMap((line) => / ([^ _]+)_[^ ]+\.deb /.exec(line)?.[1] ?? []).sort()
  }

  describe(names: readonly string[]): LockedPackage[] {
    const stanzas = this.#run('apt-cache', 'show', '--no-all-versions', ...names).split('\n\n').filter((stanza) => stanza.trim() !== '')
    return stanzas.map((stanza) => {
      const field = (name: string): string => new RegExp(`^${name}: (.*)$`, 'm').exec(stanza)?.[1] ?? ''
      const path = field('Filename')
      return {
        name: field('Package'), packageVersion: field('Version'), archive: path.startsWith('pool/updates/') ? 'debian-security' as const : 'debian' as const,
        path, sizeBytes: Number(field('Size')), digest: `sha256:${field('SHA256')}`,
      }
    }).sort((one, other) => (one.name < other.name ? -1 : 1))
  }

  #run(program: string, ...args: string[]): string {
    return runProgramOrFail(program, args, {
      env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', LC_ALL: 'C', APT_CONFIG: join(this.#directory, 'apt.conf') }, timeoutMs: 300_000, maxOutputBytes: 64 << 20,
    }).toString('utf8')
  }
}
