import { RocketError } from '@rocket/contracts'
import { findGroup, findUser, findUserById, groupsOfUser, maxUserFileBytes, parseId, type UserEntry } from '@rocket/host'
import type { LayeredRoot } from '../layered-root.ts'

export interface IdentityRequest {
  app: string
  user: string
  /** Empty: the primary group of the user. */
  group: string
  supplementaryGids: readonly number[]
  /** What OCI images expect: the groups that name the user as member, and the user's own name and home. */
  membership: boolean
  /** An image that docker2aci made: it copied the user into the group when there was none. */
  converted: boolean
}

export interface Identity {
  uid: number
  gid: number
  supplementaryGids: number[]
  /** For the environment. */
  name: string
  home: string
}

/**
 * Numbers for names, from the image's own files: `root`, a decimal number, the owner of `/path`, else a name of etc/passwd or etc/group.
 * What cannot be resolved is refused and never becomes user 0: USER_INVALID. Spec: appc, and rkt's order of it.
 */
export function resolveIdentity(root: LayeredRoot, request: IdentityRequest): Identity {
  const files = new UserFiles(root)
  const { uid, entry } = resolveUser(root, files, request)
  const gid = resolveGroup(root, files, request, { uid, entry })
  const name = entry?.name ?? (uid === 0 ? 'root' : undefined)
  const joined = request.membership && request.group === '' && name !== undefined ? groupsOfUser(files.group(), name) : []
  const supplementaryGids = [...new Set([...request.supplementaryGids, ...joined])].filter((one) => one !== gid)
  return { uid, gid, supplementaryGids, ...namesOf(request, uid, entry) }
}

/** rkt gives every app root's names. OCI images expect their user's home. */
function namesOf(request: IdentityRequest, uid: number, entry: UserEntry | undefined): Pick<Identity, 'name' | 'home'> {
  if (!request.membership || uid === 0) return { name: 'root', home: '/root' }
  return { name: entry?.name ?? String(uid), home: entry === undefined || entry.home === '' ? '/' : entry.home }
}

function resolveUser(root: LayeredRoot, files: UserFiles, request: IdentityRequest): { uid: number; entry?: UserEntry | undefined } {
  const { user } = request
  if (user === '' || user === 'root') return { uid: 0 }
  const number = numberOf(request, 'user', user)
  if (number !== undefined) {
    // Only who asks for the primary group, or for names, needs the entry; root's are known.
    const wanted = number !== 0 && (request.group === '' || request.membership)
    return { uid: number, entry: wanted ? findUserById(files.passwd(), number) : undefined }
  }
  if (user.startsWith('/')) return { uid: ownerOf(root, request, 'user', user).uid }
  const entry = findUser(files.passwd(), user)
  if (entry === undefined) throw invalid(request, 'user', user, 'etc/passwd of the image does not have it')
  return { uid: entry.uid, entry }
}

function resolveGroup(
  root: LayeredRoot, files: UserFiles, request: IdentityRequest, user: { uid: number; entry?: UserEntry | undefined },
): number {
  const { group } = request
  if (group === '') return user.entry?.gid ?? 0
  if (group === 'root') return 0
  const number = numberOf(request, 'group', group)
  if (number !== undefined) return number
  if (group.startsWith('/')) return ownerOf(root, request, 'group', group).gid
  const entry = findGroup(files.group(), group)
  if (entry !== undefined) return entry.gid
  if (request.converted && group === request.user) return user.uid
  throw invalid(request, 'group', group, 'etc/group of the image does not have it')
}

/** All that begins like a number must be one: `-1`, `+0`, `0x0` and 4294967296 are neither IDs nor names. */
function numberOf(request: IdentityRequest, kind: 'user' | 'group', text: string): number | undefined {
  const id = parseId(text)
  if (id === undefined && (/^[+-]/.test(text) || /^\d+$/.test(text) || /^0x/i.test(text))) {
    throw invalid(request, kind, text, 'an ID is a decimal number from 0 to 4294967294')
  }
  return id
}

function ownerOf(root: LayeredRoot, request: IdentityRequest, kind: 'user' | 'group', path: string): { uid: number; gid: number } {
  const found = root.find(path, { follow: false })
  if (found === undefined) throw invalid(request, kind, path, 'the image has no such file')
  return found
}

function invalid(request: IdentityRequest, kind: 'user' | 'group', text: string, why: string): RocketError {
  return new RocketError('USER_INVALID', {
    what: `failed to configure ${kind} ${JSON.stringify(text)} of app ${request.app}`, why,
    hint: `name another one with --${kind}, by number where there is no name`,
  })
}

/** Each file is read when it is first asked for, and once. */
class UserFiles {
  readonly #root: LayeredRoot
  #passwd: Buffer | undefined
  #group: Buffer | undefined

  constructor(root: LayeredRoot) {
    this.#root = root
  }

  passwd(): Buffer {
    return (this.#passwd ??= this.#root.readFile('/etc/passwd', maxUserFileBytes) ?? Buffer.alloc(0))
  }

  group(): Buffer {
    return (this.#group ??= this.#root.readFile('/etc/group', maxUserFileBytes) ?? Buffer.alloc(0))
  }
}
