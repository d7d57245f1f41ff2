import { RocketError, type ImageRecord } from '@rocket/contracts'
import { inspectAci } from '@rocket/image'
import { checkName } from '../discovery/check-name.ts'
import type { Session } from '../session.ts'

export type Dependency = ImageRecord['manifest']['dependencies'][number]

/**
 * Whether an image is the one that a manifest asks for: by name and labels, by its ID, which may be cut short, and by its size, as served or
 * uncompressed: the specification does not say which. Throws DEPENDENCY_MISMATCH, IMAGE_NAME_MISMATCH. Spec: appc, "Dependency Matching".
 */
export async function checkDependency({ imageName, labels, imageId, sizeBytes }: Dependency, record: ImageRecord, session: Session): Promise<void> {
  const refuse = (why: string): never => {
    throw new RocketError('DEPENDENCY_MISMATCH', {
      what: `${record.imageId} cannot serve as the dependency ${imageName}`, why, hint: 'the image that asks for it was made for another one',
    })
  }
  const [archive] = record.layers
  if (record.format !== 'aci' || archive === undefined) refuse('it is no ACI, and only ACIs can be rendered together')
  checkName(record.manifest, { name: imageName, labels })
  if (imageId !== undefined && !`sha512-${record.sha512}`.startsWith(imageId.toLowerCase())) refuse(`its ID should be ${imageId}`)
  if (sizeBytes === undefined || archive!.sizeBytes === sizeBytes) return
  const { tarBytes } = await inspectAci(session.writer.blobPath(session.store, archive!.digest))
  if (tarBytes !== sizeBytes) refuse(`it has ${archive!.sizeBytes} bytes, uncompressed ${tarBytes}, and ${sizeBytes} were stated`)
}
