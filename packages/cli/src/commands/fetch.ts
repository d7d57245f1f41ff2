import { readSettings } from '../config/settings.ts'
import type { Invocation } from '../grammar/command.ts'
import { globalFlags } from '../grammar/flags/global.ts'
import { outputFlags } from '../grammar/flags/output.ts'
import { pullFlags } from '../grammar/flags/pod.ts'
import { planAppRequest } from '../grammar/request-parts.ts'
import { insecurities } from '../grammar/values/insecure-options.ts'
import { formatJson } from '../print/json.ts'
import { writeError, writeOut } from '../print/write.ts'
import { fetchImages } from '../road/fetch-images.ts'
import { emptyRequest, imageSurroundings, platformOf, trustOf } from '../road/requests.ts'
import { surroundingsOf } from '../road/surroundings.ts'

/** The digits of an image ID that `rkt fetch` prints; with `--full` all of them. */
const shortIdLength = 'sha512-'.length + 32

/** `rkt fetch`: the images of a request without a pod. IDs come out in argument order, when all are there. */
export async function run(invocation: Invocation): Promise<number> {
  const { flags, images } = invocation
  if (images.length === 0) {
    writeError('fetch: must provide at least one image\n')
    return 254
  }
  const settings = readSettings(flags)
  const around = imageSurroundings()
  const request = {
    ...emptyRequest(), apps: images.map((image) => planAppRequest(image, around)),
    pullPolicy: flags.get(pullFlags.storeOnly) ? 'never' as const : flags.get(pullFlags.noStore) ? 'update' as const : flags.get(pullFlags.pullPolicyOfFetch),
    insecure: insecurities(flags.get(globalFlags.insecureOptions)).fetch,
    ...platformOf(flags),
    ...trustOf(flags),
  }
  const fetched = await fetchImages(request, surroundingsOf(settings, flags))
  const ids = fetched.images.map(({ imageId }) => (flags.get(outputFlags.full) ? imageId : imageId.slice(0, shortIdLength)))
  const format = flags.get(outputFlags.format)
  writeOut(format === '' ? ids.map((id) => `${id}\n`).join('') : formatJson(fetched.images, format))
  return 0
}
