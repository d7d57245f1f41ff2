import { RocketError } from '@rocket/contracts'
import { loadCopy } from '@rocket/fetch'
import { openStore } from '@rocket/store'
import { readSettings, type Settings } from '../config/settings.ts'
import type { Invocation } from '../grammar/command.ts'
import { imageCopyFlags } from '../grammar/flags/copy.ts'
import { globalFlags } from '../grammar/flags/global.ts'
import { outputFlags } from '../grammar/flags/output.ts'
import { insecurities } from '../grammar/values/insecure-options.ts'
import { findStoredImage } from '../images/stored-image.ts'
import { errorStyle } from '../print/context.ts'
import { printLine } from '../print/errors.ts'
import { formatJson } from '../print/json.ts'
import { writeError, writeOut } from '../print/write.ts'
import { fetchImages } from '../road/fetch-images.ts'
import { progressOf } from '../road/progress.ts'
import { emptyRequest, imageSurroundings } from '../road/requests.ts'
import { surroundingsOf } from '../road/surroundings.ts'
import { planAppRequest } from '../grammar/request-parts.ts'

/** `rkt image copy`. Prints the digest of what the destination has now; for the store, the image ID. */
export async function run(invocation: Invocation): Promise<number> {
  const { flags, positionals } = invocation
  const [source = '', destination = ''] = positionals
  const platform = flags.get(imageCopyFlags.platform)
  if (flags.get(imageCopyFlags.all) && platform !== undefined) {
    throw new RocketError('USAGE', { what: '--all and --platform exclude each other', hint: 'leave one of them' })
  }
  const settings = readSettings(flags)
  if (destination === 'store') return intoStore(source, invocation, settings)
  const { copy, openStoreSource } = await loadCopy()
  const progress = progressOf()
  const from = source.startsWith('docker:') ? 'server' : 'file'
  const store = openStore(settings.storeDirectory)
  try {
    const copied = await copy({
      source, destination, platform: flags.get(imageCopyFlags.all) ? 'all' : platform, referrers: !flags.get(imageCopyFlags.withoutReferrers),
      overwrite: flags.get(imageCopyFlags.overwrite), insecure: insecurities(flags.get(globalFlags.insecureOptions)).fetch,
      configDirectories: [settings.systemConfig, settings.localConfig, settings.userConfig ?? ''].filter((path) => path !== ''),
    }, {
      openStored: () => openStoreSource(store, findStoredImage(store, source)),
      warn: (text) => printLine(text, errorStyle(invocation)),
      debug: (text) => settings.debug && writeError(`image copy: ${text}\n`),
      onProgress: (digest, receivedBytes, totalBytes) => progress.show({ kind: 'layer-progress', from, digest, receivedBytes, totalBytes }),
    })
    progress.close()
    const format = flags.get(outputFlags.format)
    writeOut(format === '' ? `${copied.digest}\n` : formatJson(copied, format))
    return 0
  } finally {
    progress.close()
  }
}

/** The store takes an image as `rkt fetch` does: verified by policy, unpacked. */
async function intoStore(source: string, { flags }: Invocation, settings: Settings): Promise<number> {
  if (flags.get(imageCopyFlags.all)) {
    throw new RocketError('USAGE', { what: 'the store holds images of one platform', hint: 'choose one with --platform; a layout holds all: oci:DIR' })
  }
  const platform = flags.get(imageCopyFlags.platform)
  const fetched = await fetchImages({
    ...emptyRequest(), apps: [planAppRequest({ reference: source, flags, args: [] }, imageSurroundings())], pullPolicy: 'update',
    insecure: insecurities(flags.get(globalFlags.insecureOptions)).fetch, ...(platform === undefined ? {} : { platform }),
  }, surroundingsOf(settings, flags))
  for (const { imageId } of fetched.images) writeOut(`${imageId}\n`)
  return 0
}
