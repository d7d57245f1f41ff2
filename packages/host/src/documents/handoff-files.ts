import { join } from 'node:path'
import {
  checkDocument, documentKinds, maxDocumentBytes, parseDocument, RocketError, type DocumentKind, type DocumentTypes,
} from '@rocket/contracts'
import { writeFileAtomic } from '../atomic-file.ts'
import { sha256Hex } from '../hash.ts'
import { namesIn, readIfThere } from '../if-there.ts'

export interface HandoffFilesOptions {
  /** Digests that files must have, by path relative to the directory: the chain that the driver keeps. */
  expected?: ReadonlyMap<string, string>
  /** Whether documents are synced before they are renamed: those of prepare are, those of a run are not. */
  sync?: boolean
  /** What earlier verbs in this process have read and written: such a document is not read, hashed and checked again. */
  known?: KnownDocuments
}

/** Documents by path relative to the directory, as they were verified or written. Nobody changes a value. */
export type KnownDocuments = Map<string, { value: unknown; digest: string }>

/**
 * The documents of one directory, read and written for one verb of one stage. Each file is read, hashed and checked once; what was
 * read and written is kept by digest for the driver's log. Errors: DOCUMENT_MISSING, DOCUMENT_INVALID, DOCUMENT_VERSION_UNKNOWN,
 * HANDOFF_ALTERED. A document that is refused when written leaves no file.
 */
export class HandoffFiles {
  readonly directory: string
  /** Path to `sha256:…`, in the order of first use. */
  readonly digestsRead: Map<string, string> = new Map()
  readonly digestsWritten: Map<string, string> = new Map()
  /** Whether what is written for this pod must survive a crash of the machine. */
  readonly sync: boolean
  readonly #expected: ReadonlyMap<string, string>
  readonly #known: KnownDocuments

  constructor(directory: string, options: HandoffFilesOptions = {}) {
    this.directory = directory
    this.#expected = options.expected ?? new Map()
    this.sync = options.sync ?? false
    this.#known = options.known ?? new Map()
  }

  read<K extends DocumentKind>(kind: K, key?: string): DocumentTypes[K] {
    const found = this.find(kind, key)
    if (found !== undefined) return found
    throw new RocketError('DOCUMENT_MISSING', {
      what: `${join(this.directory, documentFile(kind, key))} cannot be read`, why: 'there is no such file',
      hint: 'the stage before this one did not finish; `rkt trace` shows how far the pod came',
    })
  }

  find<K extends DocumentKind>(kind: K, key?: string): DocumentTypes[K] | undefined {
    const file = documentFile(kind, key)
    const known = this.#known.get(file)
    if (known !== undefined) {
      this.digestsRead.set(file, known.digest)
      return known.value as DocumentTypes[K]
    }
    const path = join(this.directory, file)
    const bytes = readDocument(path)
    if (bytes === undefined) return undefined
    const digest = `sha256:${sha256Hex(bytes)}`
    const expected = this.#expected.get(file)
    if (expected !== undefined && expected !== digest) {
      throw new RocketError('HANDOFF_ALTERED', {
        what: `${path} is not what the stage that wrote it left`, why: `its digest is ${digest}, road.jsonl says ${expected}`,
        hint: 'prepare the pod again; `rkt trace` shows every hand-off and its writer',
      })
    }
    const value = parseDocument(kind, bytes.toString('utf8'), path)
    this.#known.set(file, { value, digest })
    this.digestsRead.set(file, digest)
    return value
  }

  /** `put` stores the text for somebody who has a way of their own to do it; from then on the document counts as written. */
  write<K extends DocumentKind>(kind: K, value: DocumentTypes[K], key?: string, put?: (path: string, text: string) => void): void {
    const file = documentFile(kind, key)
    const path = join(this.directory, file)
    checkDocument(kind, value, file)
    const text = `${JSON.stringify(value, undefined, 2)}\n`
    if (put === undefined) writeFileAtomic(path, text, { sync: this.sync, mode: 0o640 })
    else put(path, text)
    const digest = `sha256:${sha256Hex(text)}`
    this.#known.set(file, { value, digest })
    this.digestsWritten.set(file, digest)
  }

  /** The apps of the pod: the directories below `apps/`, in start order where `app.json` is there, by name otherwise. */
  apps(): string[] {
    const names = namesIn(join(this.directory, 'apps')).sort()
    const order = new Map(names.map((name) => [name, this.find('App', name)?.order ?? 0]))
    return names.sort((a, b) => (order.get(a) ?? 0) - (order.get(b) ?? 0))
  }
}

/** The path of a document, relative to its directory; `key` stands for the `<…>` of the name. */
export function documentFile(kind: DocumentKind, key?: string): string {
  const file = documentKinds[kind].file
  if (!file.includes('<')) return file
  if (key === undefined) throw new Error(`${kind} needs a key`)
  return file.replace(/<[^>]*>/, key)
}

function readDocument(path: string): Buffer | undefined {
  const bytes = readIfThere(path)
  if (bytes === undefined || bytes.length <= maxDocumentBytes) return bytes
  throw new RocketError('DOCUMENT_INVALID', { what: `${path} is not read`, why: `it has ${bytes.length} bytes, the most is ${maxDocumentBytes}` })
}
