import { loadCheck, type Store } from '@rocket/store'
import { openTrust } from '@rocket/trust'
import { readSettings } from '../config/settings.ts'
import type { Invocation } from '../grammar/command.ts'
import { outputFlags } from '../grammar/flags/output.ts'
import { checkEvidence, type CheckedEvidence } from '../images/check-evidence.ts'
import { configDirectories } from '../images/config-directories.ts'
import { useImages } from '../images/use-image.ts'
import { recordsOfPod } from '../pods/records-of-pod.ts'
import { formatJson } from '../print/json.ts'
import { writeOut } from '../print/write.ts'

interface VerifiedImage {
  id: string
  trees: 'verified' | 'rebuilt' | 'damaged'
  /** What was wrong with the trees. */
  faults: string[]
  evidence: CheckedEvidence[]
}

/** `rkt image verify`: the trees as rkt does it, then the signatures. Exits with 254 when either cannot be believed. */
export async function run({ flags, positionals }: Invocation): Promise<number> {
  const settings = readSettings(flags)
  const trust = openTrust(configDirectories(settings))
  const format = flags.get(outputFlags.format)
  const verified: VerifiedImage[] = []
  for (const text of positionals) {
    const { store, record } = await useImages(flags, [text], (image) => image)
    const trees = await verifyTrees(store, record.imageId, settings.dataDirectory)
    const image = { id: record.imageId, ...trees, evidence: await checkEvidence(store, record, trust) }
    verified.push(image)
    if (format === '') print(text, image)
  }
  if (format !== '') writeOut(formatJson(verified, format))
  return verified.every(isBelievable) ? 0 : 254
}

async function verifyTrees(store: Store, imageId: string, dataDirectory: string): Promise<Pick<VerifiedImage, 'trees' | 'faults'>> {
  const { checkStore } = await loadCheck()
  const options = { quick: false, recordsOfPod: (uuid: string) => recordsOfPod(dataDirectory, uuid), imageId }
  const found = await checkStore(store, { ...options, repair: false })
  const left = found.length === 0 ? [] : (await checkStore(store, { ...options, repair: true })).filter(({ state }) => state !== 'mended')
  return { trees: found.length === 0 ? 'verified' : left.length === 0 ? 'rebuilt' : 'damaged', faults: found.map(({ file, why }) => `${file}: ${why}`) }
}

/** Nobody vouched for what was taken without a check, and nothing has changed about that. */
function isBelievable({ trees, evidence }: VerifiedImage): boolean {
  return trees !== 'damaged' && evidence.every(({ state }) => state === 'holds' || state === 'waived')
}

function print(text: string, { id, trees, faults, evidence }: VerifiedImage): void {
  const lines = trees === 'verified' ? [`successfully verified checksum for image: ${JSON.stringify(text)} (${JSON.stringify(id)})`]
    : [`tree cache verification failed for image ${text}: ${faults.join('; ')};  ${trees === 'rebuilt' ? 'rebuilding...' : 'it cannot be rebuilt'}`]
  for (const { state, why, signer, checkedAt, method } of evidence) {
    if (state === 'waived') lines.push(`not signed as far as is known: taken by ${why}`)
    else if (state === 'holds') lines.push(`signature verified again: ${signer} (${method}, first on ${checkedAt}, by ${why})`)
    else lines.push(`signature ${state === 'broken' ? 'does not hold' : 'holds, but is not trusted any more'}: ${signer} (${method}): ${why}`)
  }
  writeOut(lines.map((line) => `${line}\n`).join(''))
}
