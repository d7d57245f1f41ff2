import type { Flags } from '../flag.ts'
import { bool, text } from '../kinds.ts'
import { insecureOptions } from '../values/insecure-options.ts'

/** Every command takes these, before or after its words. */
export const globalFlags: Flags<{
  debug: boolean
  dir: string
  insecureOptions: readonly string[]
  localConfig: string
  systemConfig: string
  trustKeysFromHttps: boolean
  userConfig: string
  help: boolean
}> = {
  debug: { name: 'debug', kind: bool(), help: 'print more: whole chains of errors, what is done and with which command lines' },
  dir: { name: 'dir', kind: text('/var/lib/rkt'), help: 'data directory' },
  insecureOptions: {
    name: 'insecure-options',
    kind: insecureOptions,
    help: 'checks to leave out: none, image, tls, http, pubkey, capabilities, paths, seccomp, all-fetch, all-run, all',
  },
  localConfig: { name: 'local-config', kind: text('/etc/rkt'), help: "this machine's configuration directory" },
  systemConfig: { name: 'system-config', kind: text('/usr/lib/rkt'), help: "the distribution's configuration directory" },
  trustKeysFromHttps: {
    name: 'trust-keys-from-https',
    kind: bool(),
    help: 'accept signing keys that were discovered over https, without asking',
  },
  userConfig: { name: 'user-config', kind: text(), help: "the user's configuration directory" },
  help: { name: 'help', short: 'h', kind: bool(), help: 'show what the command does', hidden: true },
}
