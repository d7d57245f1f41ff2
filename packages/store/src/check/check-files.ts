import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { storeLayout } from '@rocket/contracts'
import { probeLock } from '@rocket/host'
import { removeTree } from '../ingest/ingest-directory.ts'
import { listIn } from '../list-store.ts'
import { recordDirectories } from '../sweep.ts'
import type { Store } from '../open-store.ts'
import type { FoundFault } from './fault.ts'

/** What belongs where: any other name was made by nobody of ours. */
const names: Record<string, RegExp> = {
  '.': /^(images|refs|evidence|layers|blobs|ingest)$/,
  images: /^sha512-[0-9a-f]{64}\.json$/,
  refs: /^(names|pods|names\.index)$/,
  [storeLayout.names]: /^(i-[0-9a-f]{16}-[0-9a-f]{64}|r-[a-z2-7]{26})\.json$/,
  'refs/pods': /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\.json$/,
  evidence: /^sha512-[0-9a-f]{64}$/,
  [storeLayout.layers]: /^[a-z2-7]{26}(\.json)?$/,
  [storeLayout.blobs]: /^(sha256|sha512)$/,
  [`${storeLayout.blobs}/sha256`]: /^[0-9a-f]{64}$/,
  [`${storeLayout.blobs}/sha512`]: /^[0-9a-f]{128}$/,
}

/** Files that a killed process was writing, directories of processes that are gone, and files that nobody of ours made. */
export function* checkFiles(store: Store): Generator<FoundFault, void, undefined> {
  const remove = (directory: string, name: string) => (): void => removeTree(join(store.directory, directory), name)
  for (const directory of new Set([...Object.keys(names), ...recordDirectories(store)])) {
    for (const name of listIn(store, directory)) {
      const file = directory === '.' ? name : `${directory}/${name}`
      const writer = /^\.new-(\d+)-/.exec(name)?.[1]
      if (writer !== undefined && !existsSync(`/proc/${writer}`)) {
        yield { kind: 'half-written', file, why: 'its writer was ended before it was whole', images: [], mend: remove(directory, name) }
      } else if (writer === undefined && names[directory]?.test(name) === false) {
        yield { kind: 'unknown-file', file, why: 'nothing of this name belongs here', images: [], mend: remove(directory, name) }
      }
    }
  }
  yield* checkIngests(store)
}

function* checkIngests(store: Store): Generator<FoundFault, void, undefined> {
  const parent = join(store.directory, storeLayout.ingest)
  for (const name of listIn(store, storeLayout.ingest)) {
    // Lock files are no directories: whoever wants the tree next takes them over.
    if (probeLock(join(parent, name)) !== 'free') continue
    yield {
      kind: 'half-written', file: `${storeLayout.ingest}/${name}`, why: 'the process that made it is gone', images: [],
      mend: () => removeTree(parent, name),
    }
  }
}
