import { isAbsolute, join, resolve } from 'node:path'
import { parseDocument, RocketError, type FlavorDeclaration } from '@rocket/contracts'
import { readIfThere } from '@rocket/host'
import { flavor as fly } from '@rocket/stage1-fly'
import { flavor as oci } from '@rocket/stage1-oci'
import type { FlavorPolicy } from '../grammar/flags/pod.ts'
import type { StageSettings } from './settings.ts'

export interface ChosenFlavor {
  name: string
  policy: 'refuse' | 'warn'
  /** The flavors at hand, the chosen one among them. */
  flavors: FlavorDeclaration[]
}

export interface FlavorRequest {
  /** `--flavor`: a name, or the directory of a `flavor.json`; empty when not given. */
  flavor: string
  policy: FlavorPolicy
  /** `--stage1-name`, rkt's spelling of a flavor; empty when not given. */
  stage1Name: string
}

const rktNames: Readonly<Record<string, string>> = {
  'stage1-coreos': 'oci', 'stage1-host': 'oci', 'stage1-src': 'oci', 'stage1-oci': 'oci', 'stage1-fly': 'fly', 'stage1-kvm': 'vm',
}

/**
 * The flavor of a pod. `--flavor` implies that a need it lacks is refused; rkt's `--stage1-name` that it is warned of, since rkt's
 * flavors did no more. Throws FLAVOR_UNKNOWN, listing the flavors at hand.
 */
export function chooseFlavor(request: FlavorRequest, stages: StageSettings): ChosenFlavor {
  const flavors = [oci, fly, ...stages.flavors.map(readFlavor)]
  const policy = request.policy === '' ? (request.stage1Name === '' ? 'refuse' : 'warn') : request.policy
  if (request.flavor.includes('/')) {
    const given = readFlavor(resolve(request.flavor))
    return { name: given.name, policy, flavors: [given, ...flavors.filter((one) => one.name !== given.name)] }
  }
  const name = request.flavor !== '' ? request.flavor : request.stage1Name !== '' ? nameOfStage1(request.stage1Name) : stages.defaultFlavor ?? 'oci'
  if (flavors.some((one) => one.name === name)) return { name, policy, flavors }
  throw new RocketError('FLAVOR_UNKNOWN', {
    what: `there is no flavor ${JSON.stringify(name)}`, why: `the flavors at hand are ${flavors.map((one) => one.name).join(', ')}`,
    hint: 'name one of them, or the directory of a flavor.json with a slash in it',
  })
}

/** Throws FLAVOR_UNKNOWN when the directory holds none, DOCUMENT_INVALID when it is wrong. The program becomes absolute. */
export function readFlavor(directory: string): FlavorDeclaration {
  const path = join(directory, 'flavor.json')
  const text = readIfThere(path)?.toString('utf8')
  if (text === undefined) {
    throw new RocketError('FLAVOR_UNKNOWN', {
      what: `${directory} is not a flavor`, why: 'it holds no flavor.json', hint: 'name the directory that holds it, or a built-in flavor: oci, fly',
    })
  }
  const flavor = parseDocument('FlavorDeclaration', text, path)
  const program = flavor.program ?? 'stage1'
  return { ...flavor, program: isAbsolute(program) ? program : join(directory, program) }
}

/** `coreos.com/rkt/stage1-fly:1.30` is `fly`; another name is taken as it is, for the message. */
function nameOfStage1(text: string): string {
  const last = text.replace(/[:,].*$/, '').replace(/^.*\//, '')
  return rktNames[last] ?? last
}
