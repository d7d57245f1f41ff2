import { RocketError } from '@rocket/contracts'

/** A hand-off of another pod must not be taken for one of this pod: DOCUMENT_INVALID. */
export function checkSamePod(context: { uuid: string }, uuids: Readonly<Record<string, string>>): void {
  for (const [file, uuid] of Object.entries(uuids)) {
    if (uuid === context.uuid) continue
    throw new RocketError('DOCUMENT_INVALID', {
      what: `${file} belongs to another pod`, why: `/uuid is ${uuid}, this pod is ${context.uuid}`,
    })
  }
}
