import { chmodSync, chownSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import {
  formatPodManifest, isErrno, parseDocument, podLayout, RocketError, storeLayout, type App, type ImageRecord, type Images, type Pod,
  type Request,
} from '@rocket/contracts'
import { boundingSet, defineVerb, describing, sha256Hex, writeFileAtomic, type StageContext, type Verb } from '@rocket/host'
import { checkSamePod } from './same-pod.ts'
import { fillVolume } from './prepare/fill-volume.ts'
import { planPod, type PodPlan } from './prepare/plan-pod.ts'

/** What `prepare` will write. Printed, the copies of the records show their digests only. */
export interface PreparePlan {
  pod: Pod
  apps: App[]
  images: RecordFile[]
  directories: string[]
  volumes: PodPlan['volumes']
  fills: PodPlan['fills']
  views: { file: string; text: string }[]
  warnings: string[]
}

/** `request.json`, `images.json` and the image records become `pod.json`, `apps/…` and rkt's views of them. */
export const prepare: Verb<PreparePlan> = defineVerb({ plan: planPrepare, apply: applyPrepare })

function planPrepare(context: StageContext): PreparePlan {
  const request = context.files.read('Request')
  const images = context.files.read('Images')
  checkSamePod(context, { 'request.json': request.uuid, 'images.json': images.uuid })
  checkImages(request, images)
  const read = new Map<string, RecordFile>()
  const files = images.images.map(({ imageId }) => {
    const file = read.get(imageId) ?? new RecordFile(context, imageId)
    read.set(imageId, file)
    return file
  })
  const plan = planPod({
    request, records: files.map((file) => file.record), storeDirectory: context.storeDirectory, boundingSet: () => new Set(boundingSet()),
  })
  const names = plan.apps.map(({ app }) => app)
  return {
    pod: plan.pod, apps: plan.apps, images: files, volumes: plan.volumes, fills: plan.fills, warnings: plan.warnings,
    // Only those that stage0 itself fills: making a directory costs as much as writing a document.
    directories: [
      podLayout.apps, ...names.map(podLayout.app), 'appsinfo', ...names.map((app) => `appsinfo/${app}`),
      ...(plan.volumes.length === 0 ? [] : ['sharedVolumes']),
    ],
    views: [
      ...names.map((app) => ({ file: podLayout.view.imageManifest(app), text: JSON.stringify(plan.views.images[app]) })),
      { file: podLayout.view.podManifest, text: formatPodManifest(plan.views.pod) },
      { file: podLayout.view.created, text: '' },
    ],
  }
}

function checkImages({ apps }: Request, { images }: Images): void {
  if (images.length === apps.length && images.every(({ reference }, index) => reference === apps[index]?.reference)) return
  throw new RocketError('DOCUMENT_INVALID', {
    what: 'images.json does not belong to request.json', why: '/images must name the references of the apps, in their order',
  })
}

function applyPrepare(plan: PreparePlan, context: StageContext): void {
  for (const warning of plan.warnings) context.warn(warning)
  describing(`cannot prepare the pod in ${context.podDirectory}`, () => {
    for (const directory of plan.directories) makeDirectory(join(context.podDirectory, directory))
    for (const volume of plan.volumes) makeVolume(plan, context, volume)
    for (const { file, text } of plan.views) writeFileSync(join(context.podDirectory, file), text, { mode: 0o640 })
    plan.apps.forEach((app, index) => {
      plan.images[index]?.copyTo(context, app.app)
      context.files.write('App', app, app.app)
    })
    context.files.write('Pod', plan.pod)
  })
}

/** Made anew when it is there: an attempt that was cut short may have left half of its first content. */
function makeVolume(plan: PreparePlan, context: StageContext, { name, mode, uid, gid }: PreparePlan['volumes'][number]): void {
  const path = join(context.podDirectory, podLayout.emptyVolume(name))
  rmSync(path, { recursive: true, force: true })
  mkdirSync(path)
  for (const fill of plan.fills) if (fill.volume === name) fillVolume(fill.trees, fill.path, path)
  chownSync(path, uid, gid)
  chmodSync(path, mode)
}

function makeDirectory(path: string): void {
  try {
    mkdirSync(path, { mode: 0o750 })
  } catch (error) {
    if (!isErrno(error, 'EEXIST')) throw error
  }
}

/** An image record of the store: its bytes are copied as they are, so that its digest in the pod is that in the store. */
class RecordFile {
  readonly record: ImageRecord
  readonly sha256: string
  readonly #bytes: Buffer

  constructor(context: StageContext, imageId: string) {
    const file = storeLayout.imageRecord(imageId)
    const path = join(context.storeDirectory, file)
    this.#bytes = readRecord(path, imageId)
    this.record = parseDocument('ImageRecord', this.#bytes.toString('utf8'), path)
    this.sha256 = `sha256:${sha256Hex(this.#bytes)}`
    if (this.record.imageId !== imageId) {
      throw new RocketError('DOCUMENT_INVALID', {
        what: `${path} is not the record of image ${imageId}`, why: `/imageId is ${this.record.imageId}`,
      })
    }
    context.files.digestsRead.set(`store:${file}`, this.sha256)
  }

  copyTo(context: StageContext, app: string): void {
    const written = Buffer.from(`${JSON.stringify(this.record, undefined, 2)}\n`)
    if (written.equals(this.#bytes)) return context.files.write('ImageCopy', this.record, app)
    // Another fetch stage lays its records out in its own way.
    const file = podLayout.appDocument(app, 'image')
    writeFileAtomic(join(context.podDirectory, file), this.#bytes, { mode: 0o640, sync: true })
    context.files.digestsWritten.set(file, this.sha256)
  }

  toJSON(): object {
    return { imageId: this.record.imageId, sha256: this.sha256 }
  }
}

function readRecord(path: string, imageId: string): Buffer {
  try {
    return readFileSync(path)
  } catch (cause) {
    if (!isErrno(cause, 'ENOENT')) throw cause
    throw new RocketError('IMAGE_NOT_FOUND', {
      what: `image ${imageId} is not in the store`, why: `there is no ${path}`, hint: 'fetch it again', cause,
    })
  }
}
