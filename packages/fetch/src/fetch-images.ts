import { syscallError, type StageContext } from '@rocket/host'
import { lockPrepare, type Store } from '@rocket/store'
import { planFetch, type PlannedImage } from './plan-fetch.ts'
import { recordImport } from './record-import.ts'
import { openSession, type Imported, type Session } from './session.ts'
import { useStoredImages } from './use-stored.ts'

type Stored = Extract<PlannedImage, { from: 'store' }>
type FromSource = Extract<PlannedImage, { from: 'source' }>

/**
 * Gets what the store does not have: one image after the other, the layers of each at once. From the first byte until the pod's pin is
 * written nothing is collected. What is whole stays in the store when a later image fails.
 */
export async function fetchImages(store: Store, context: StageContext): Promise<void> {
  const lock = lockPrepare(store, 'shared')
  const session = await openSession(context.files.read('Request'), store, context)
  try {
    const bySource = new Map<string, Promise<Stored>>()
    const images: Stored[] = []
    // What is in the store may have changed since the plan was made: from here on it stays.
    const { images: wanted } = planFetch(context.files.read('Request'), store)
    for (const image of wanted) {
      if (image.from === 'store') {
        images.push(image)
        continue
      }
      const known = bySource.get(image.source.key) ?? fetchOne(image, session)
      bySource.set(image.source.key, known)
      images.push({ ...await known, reference: image.reference })
    }
    useStoredImages(images, store, context)
  } finally {
    await session.close()
    lock.release()
  }
}

async function fetchOne(image: FromSource, session: Session): Promise<Stored> {
  const imported = await importFrom(image, session).catch((error: unknown) => {
    // What the kernel refused, at the file or in the store, is an error to meet; anything else is a bug of ours.
    throw error instanceof Error && 'syscall' in error ? syscallError(error, `cannot fetch ${image.source.key}`) : error
  })
  if (imported.isUnchanged !== true) recordImport(imported, image.source, session)
  const { imageId } = imported.record
  return { from: 'store', reference: image.reference, imageId, name: imported.name, message: `stored as ${imageId}` }
}

/** Each kind loads its own part: a file needs no http, and http is the largest of all. */
async function importFrom({ source, reference }: FromSource, session: Session): Promise<Imported> {
  const signature = session.request.apps.find((app) => app.reference === reference)?.signature
  switch (source.kind) {
    case 'file': return (await import('./fetch-file.ts')).fetchFile({ ...source, signature }, session)
    case 'url': return (await import('./fetch-archive.ts')).fetchArchive({ ...source, signature }, session)
    case 'docker': return (await import('./oci/fetch-from-registry.ts')).fetchFromRegistry(source, session, signature)
    case 'oci-layout': case 'archive': return (await import('./oci/fetch-from-files.ts')).fetchFromFiles(source, session, signature)
  }
}
