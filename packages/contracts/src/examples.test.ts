import assert from 'node:assert/strict'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { test } from 'node:test'
import fc from 'fast-check'
import { documentSchema } from './check/document-schema.ts'
import { findFaults } from './check/find-faults.ts'
import { fits } from './check/fits.ts'
import { checkDocument } from './check/parse-document.ts'
import { documentKinds, type DocumentKind } from './documents.ts'
import { isRocketError } from './errors/rocket-error.ts'
import { documents } from './schemas.ts'

/** The folder of each document; those that are only another name for one have none. */
const folders: Partial<Record<DocumentKind, string>> = {
  Request: 'request', Images: 'images', Pod: 'pod', App: 'app', RunRequest: 'run-request', Start: 'start', Net: 'net', Run: 'run', AppRun: 'app-run',
  Sandbox: 'sandbox', Stage2State: 'stage2', AppStatus: 'app-status', RoadLine: 'road', ImageRecord: 'image-record', NameRef: 'refs/name-ref',
  PodRef: 'refs/pod-ref', Evidence: 'evidence', FlavorDeclaration: 'flavor', ImagePolicy: 'image-policy', ErrorDocument: 'error-document',
  GuestPod: 'guest/guest-pod', GuestManifest: 'guest/guest-manifest', GuestRequest: 'guest/guest-request', GuestAnswer: 'guest/guest-answer', GuestEvent: 'guest/guest-event',
}

for (const [kind, folder] of Object.entries(folders) as [DocumentKind, string][]) {
  const good = examplesIn(`${folder}/examples`)
  const bad = examplesIn(`${folder}/examples/_invalid`)

  test(`${kind} has examples that both ends accept, and some that both refuse`, () => {
    assert.ok(good.length > 0, `no example of ${kind}`)
    assert.ok(bad.length > 0, `no invalid example of ${kind}`)
    for (const { name, value } of good) {
      assert.deepEqual(findFaults(documentSchema(kind), value), [], name)
      assert.ok(documents[kind].safeParse(value).success, name)
    }
    for (const { name, value } of bad) {
      assert.throws(() => checkDocument(kind, value, name), (error) => isRocketError(error), name)
      assert.equal(documents[kind].safeParse(value).success, false, name)
    }
  })

  test(`the quick check of ${kind} and zod agree on examples with one value changed`, () => {
    const changed = fc.constantFrom(...good).chain(({ value }) => fc.constantFrom(...pointersOf(value)).chain((pointer) =>
      fc.oneof(fc.constant(undefined), fc.jsonValue(), fc.constantFrom(-1, 0, 65536, '', '/', '../x', [], {})).map((put) => replaced(value, pointer, put))))
    fc.assert(fc.property(changed, (value) => {
      const isGood = documents[kind].safeParse(value).success
      assert.equal(fits(documentSchema(kind), value), isGood, JSON.stringify(value))
      assert.equal(findFaults(documentSchema(kind), value).length === 0, isGood, JSON.stringify(value))
    }), { numRuns: 200 })
  })
}

test('every hand-off has a folder of its own', () => {
  const missing = (Object.keys(documentKinds) as DocumentKind[]).filter((kind) => folders[kind] === undefined && !('schema' in documentKinds[kind]))
  assert.deepEqual(missing, [])
})

test('a field that begins with x- is passed over, every other unknown one is refused by its pointer', () => {
  const [{ value } = { value: {} }] = examplesIn('app-status/examples')
  assert.deepEqual(findFaults(documentSchema('AppStatus'), { ...(value as object), 'x-mine': 1 }), [])
  const faults = findFaults(documentSchema('AppStatus'), JSON.parse(`{"__proto__": 1, "mine": 2, ${JSON.stringify(value).slice(1)}`))
  assert.deepEqual(faults.map((fault) => fault.pointer), ['/__proto__', '/mine'])
})

test('an unknown version is said before anything else is looked at', () => {
  assert.throws(() => checkDocument('AppStatus', { version: 2, whatever: true }, 'status.json'), (error) =>
    isRocketError(error, 'DOCUMENT_VERSION_UNKNOWN') && error.message.includes('/version: it has version 2, known is 1'))
})

function examplesIn(folder: string): { name: string; value: unknown }[] {
  const directory = new URL(`${folder}/`, import.meta.url)
  if (!existsSync(directory)) return []
  return readdirSync(directory).filter((name) => name.endsWith('.json')).sort()
    .map((name) => ({ name: `${folder}/${name}`, value: JSON.parse(readFileSync(new URL(name, directory), 'utf8')) as unknown }))
}

type Path = readonly (string | number)[]

function pointersOf(value: unknown, path: Path = []): Path[] {
  if (Array.isArray(value)) return [path, ...value.flatMap((item, index) => pointersOf(item, [...path, index]))]
  if (typeof value !== 'object' || value === null) return [path]
  return [path, ...Object.entries(value).flatMap(([name, member]) => pointersOf(member, [...path, name]))]
}

/** A copy in which one value is another, or, for undefined, is taken out. */
function replaced(value: unknown, path: Path, put: unknown): unknown {
  const [step, ...rest] = path
  if (step === undefined) return put
  if (Array.isArray(value)) return value.flatMap((item, index) => (index !== step ? [item] : replacedItem(item, rest, put)))
  return Object.fromEntries(Object.entries(value as object).flatMap(([name, member]) => (name !== step ? [[name, member]] : replacedItem(member, rest, put).map((one) => [name, one]))))
}

function replacedItem(item: unknown, rest: Path, put: unknown): unknown[] {
  if (rest.length === 0 && put === undefined) return []
  return [replaced(item, rest, put)]
}
