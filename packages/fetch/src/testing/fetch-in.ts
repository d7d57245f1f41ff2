import { mkdtempSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import type { ImageRecord, Request } from '@rocket/contracts'
import { HandoffFiles, type StageEvent } from '@rocket/host'
import { findImageRecord, openStore, type Store } from '@rocket/store'
import { stage } from '../stage.ts'

export interface Workshop {
  directory: string
  store: Store
  events: StageEvent[]
  debug: string[]
  /** Runs the stage on a request for these references; returns the records of the images. */
  fetch(references: readonly string[], request?: Partial<Request>): Promise<ImageRecord[]>
}

let serial = 0

/** A data directory of its own, removed with the test. */
export function makeWorkshop(t: Pick<TestContext, 'after'>): Workshop {
  const directory = mkdtempSync(join(tmpdir(), 'rocket-fetch-'))
  t.after(() => rmSync(directory, { recursive: true, force: true }))
  const storeDirectory = join(directory, 'data/cas')
  mkdirSync(storeDirectory, { recursive: true, mode: 0o700 })
  const events: StageEvent[] = []
  const debug: string[] = []
  const store = openStore(storeDirectory, { create: true })
  return {
    directory, store, events, debug,
    fetch: async (references, request = {}) => {
      const podDirectory = makePod(directory, references, request)
      const files = new HandoffFiles(podDirectory)
      const verb = stage.verbs['fetch']!
      const context = {
        uuid: files.read('Request').uuid, podDirectory, storeDirectory, files, warn: () => {},
        debug: (message: string) => void debug.push(message),
        emit: (event: StageEvent) => void events.push(event),
      }
      await verb.apply(verb.plan(context), context)
      const images = JSON.parse(readFileSync(join(podDirectory, 'images.json'), 'utf8')) as { images: { imageId: string }[] }
      return images.images.map(({ imageId }) => findImageRecord(store, imageId)!)
    },
  }
}

/** A pod directory with nothing but a request in it. */
export function makePod(directory: string, references: readonly string[], more: Partial<Request> = {}): string {
  serial += 1
  const uuid = `00000000-0000-4000-8000-${String(serial).padStart(12, '0')}`
  const podDirectory = join(directory, 'data/pods/prepare', uuid)
  mkdirSync(podDirectory, { recursive: true })
  const request: Request = {
    version: 1, uuid, createdAt: '2026-01-01T00:00:00.000Z', flavor: 'oci', flavorPolicy: 'refuse', flavors: [],
    apps: references.map((reference) => ({ reference, args: [], environment: [], mounts: [], isolators: {}, annotations: [] })),
    pullPolicy: 'new', insecure: {
      image: true, tls: false, http: true, pubkey: false,
    }, volumes: [], mounts: [], ports: [], inheritEnvironment: [], setEnvironment: [],
    overlay: true, exitPolicy: 'apps', caller: { uid: 0, gid: 0 }, annotations: [], ...more,
  }
  writeFileSync(join(podDirectory, 'request.json'), JSON.stringify(request))
  return podDirectory
}
