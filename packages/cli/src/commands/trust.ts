import { RocketError } from '@rocket/contracts'
import { loadKeys } from '@rocket/fetch'
import { readSettings } from '../config/settings.ts'
import type { Invocation } from '../grammar/command.ts'
import { globalFlags } from '../grammar/flags/global.ts'
import { trustFlags } from '../grammar/flags/trust.ts'
import { insecurities } from '../grammar/values/insecure-options.ts'
import { configDirectories } from '../images/config-directories.ts'
import { errorStyle } from '../print/context.ts'
import { printLine } from '../print/errors.ts'
import { writeError } from '../print/write.ts'

/** `rkt trust`. A key that is refused at the question is no failure. */
export async function run(invocation: Invocation): Promise<number> {
  const { flags, positionals } = invocation
  const [isRoot, prefix] = [flags.get(trustFlags.root), flags.get(trustFlags.prefix)]
  const insecure = insecurities(flags.get(globalFlags.insecureOptions)).fetch
  refuseContradictions(isRoot, prefix, positionals, insecure.image)
  const settings = readSettings(flags)
  const { openKeySource, openNetwork, openTerminal, trustKeys } = await loadKeys()
  const allowHttp = flags.get(trustFlags.insecureAllowHttp)
  const network = openNetwork({
    insecure: { http: allowHttp, tls: insecure.tls }, warn: (text) => printLine(text, errorStyle(invocation)),
    directories: configDirectories(settings),
  })
  try {
    await trustKeys({
      scope: isRoot ? { kind: 'root' } : { kind: 'prefix', prefix }, locations: positionals, configDirectory: settings.localConfig,
      skipReview: flags.get(trustFlags.skipFingerprintReview), trustHttps: flags.get(globalFlags.trustKeysFromHttps),
    }, {
      terminal: openTerminal(),
      ...openKeySource({ http: network.http, allowHttp, debug: (text) => settings.debug && writeError(`trust: ${text}\n`) }),
    })
  } finally {
    await network.close()
  }
  return 0
}

function refuseContradictions(isRoot: boolean, prefix: string, keys: readonly string[], isInsecure: boolean): void {
  if (isInsecure) throw usage('could not get the keystore', 'checks of images are turned off by --insecure-options=image')
  if (isRoot && prefix !== '') throw usage('--root and --prefix usage mutually exclusive')
  if (isRoot && keys.length === 0) throw usage('no key was named', 'a key for every image cannot be discovered', 'name a file or a URL')
  if (isRoot || prefix !== '') return
  throw usage(
    'aborting due to implicit unbounded trust (root domain)', 'a key without a prefix would count for every image',
    'say --prefix=example.com/team for the images below it, or --root if every image is meant',
  )
}

function usage(what: string, why?: string, hint?: string): RocketError {
  return new RocketError('USAGE', { what, ...(why === undefined ? {} : { why }), ...(hint === undefined ? {} : { hint }) })
}
