import { syscallError, type StageContext } from '@rocket/host'
import { findImageRecord, lockPrepare, openStore, touchLastUsed, type Store } from '@rocket/store'
import type { Dependency } from './dependencies/check-dependency.ts'
import { createMakeWhole, type Found, type MakeWhole } from './dependencies/make-whole.ts'
import { planDependency, planFetch, type PlannedImage } from './plan-fetch.ts'
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
    const makeWhole = createMakeWhole(session, (dependency) => findDependency(dependency, session))
    const bySource = new Map<string, Promise<Stored>>()
    const images: Stored[] = []
    // What is in the store may have changed since the plan was made: from here on it stays.
    const { images: wanted } = planFetch(context.files.read('Request'), store)
    for (const image of wanted) {
      if (image.from === 'store') {
        if (image.elsewhere !== undefined) session.writer.adoptImage(store, openStore(image.elsewhere), image.imageId)
        images.push(image)
        continue
      }
      const known = bySource.get(image.source.key) ?? fetchOne(image, session, makeWhole)
      bySource.set(image.source.key, known)
      images.push({ ...await known, reference: image.reference })
    }
    useStoredImages(images, store, context)
  } finally {
    await session.close()
    lock.release()
  }
}

async function fetchOne(image: FromSource, session: Session, makeWhole: MakeWhole): Promise<Stored> {
  const found = await findAtSource(image, session)
  const { imageId } = await makeWhole(found)
  return { from: 'store', reference: image.reference, imageId, name: found.name, message: `stored as ${imageId}` }
}

/** By the pull policy of the request, as anything else that it names. */
async function findDependency(dependency: Dependency, session: Session): Promise<Found> {
  const planned = planDependency(dependency, session.request, session.store)
  if (planned.from === 'source') return findAtSource(planned, session)
  session.context.debug(planned.message)
  return { record: findImageRecord(session.store, planned.imageId)!, remember: () => touchLastUsed(session.store, planned) }
}

async function findAtSource(image: FromSource, session: Session): Promise<Found & { name: string }> {
  const imported = await importFrom(image, session).catch((error: unknown) => {
    // What the kernel refused, at the file or in the store, is an error to meet; anything else is a bug of ours.
    throw error instanceof Error && 'syscall' in error ? syscallError(error, `cannot fetch ${image.source.key}`) : error
  })
  const remember = (): void => {
    if (imported.isUnchanged !== true) recordImport(imported, image.source, session)
  }
  return { record: imported.record, name: imported.name, remember }
}

/** Each kind loads its own part: a file needs no http, and http is the largest of all. */
async function importFrom({ source, reference }: FromSource, session: Session): Promise<Imported> {
  const signature = session.request.apps.find((app) => app.reference === reference)?.signature
  switch (source.kind) {
    case 'file': return (await import('./fetch-file.ts')).fetchFile({ ...source, signature }, session)
    case 'name': return (await import('./discovery/fetch-by-name.ts')).fetchByName({ ...source, signature }, session)
    case 'url': return (await import('./fetch-archive.ts')).fetchArchive({ ...source, signature }, session)
    case 'docker': return (await import('./oci/fetch-from-registry.ts')).fetchFromRegistry(source, session, signature)
    case 'oci-layout': case 'archive': return (await import('./oci/fetch-from-files.ts')).fetchFromFiles(source, session, signature)
  }
}
