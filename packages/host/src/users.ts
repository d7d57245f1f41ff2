import { RocketError } from '@rocket/contracts'

/** The files come from images: larger ones are refused, not searched. */
export const maxUserFileBytes: number = 1 << 20

export interface UserEntry {
  name: string
  uid: number
  gid: number
  home: string
  shell: string
}

export interface GroupEntry {
  name: string
  gid: number
  members: string[]
}

/** Looked up in the bytes of a passwd file. A line that is malformed, or whose numbers are out of range, is no entry: never user 0. */
export function findUser(passwd: Uint8Array, name: string): UserEntry | undefined {
  return users(passwd).find((user) => user.name === name)
}

export function findUserById(passwd: Uint8Array, uid: number): UserEntry | undefined {
  return users(passwd).find((user) => user.uid === uid)
}

/** Looked up in the bytes of a group file. */
export function findGroup(group: Uint8Array, name: string): GroupEntry | undefined {
  return groups(group).find((entry) => entry.name === name)
}

/** The groups that name a user as member, without the user's own; in the order of the file, each once. */
export function groupsOfUser(group: Uint8Array, userName: string): number[] {
  return [...new Set(groups(group).filter((entry) => entry.members.includes(userName)).map((entry) => entry.gid))]
}

/**
 * A user or group number as people write it: decimal digits only, at most 4294967294, as the kernel takes 4294967295 for "unchanged" and more would
 * wrap round. Undefined otherwise: `-1`, `+0`, `0x0`, `1e3`, ``.
 */
export function parseId(text: string): number | undefined {
  if (!/^\d{1,10}$/.test(text)) return undefined
  const value = Number(text)
  return value <= 4294967294 ? value : undefined
}

function users(file: Uint8Array): UserEntry[] {
  const entries: UserEntry[] = []
  for (const [name = '', , uidText = '', gidText = '', , home = '', shell = ''] of lines(file, 7)) {
    const uid = parseId(uidText)
    const gid = parseId(gidText)
    if (name !== '' && uid !== undefined && gid !== undefined) entries.push({ name, uid, gid, home, shell })
  }
  return entries
}

function groups(file: Uint8Array): GroupEntry[] {
  const entries: GroupEntry[] = []
  for (const [name = '', , gidText = '', members = ''] of lines(file, 4)) {
    const gid = parseId(gidText)
    if (name !== '' && gid !== undefined) entries.push({ name, gid, members: members.split(',').filter((member) => member !== '') })
  }
  return entries
}

/** The fields of every line that has as many as it must. */
function lines(file: Uint8Array, fields: number): string[][] {
  if (file.length > maxUserFileBytes) {
    throw new RocketError('USER_FILE_INVALID', {
      what: 'users cannot be looked up', why: `the passwd or group file has ${file.length} bytes, the most is ${maxUserFileBytes}`,
      hint: 'name the user and group by number',
    })
  }
  const text = Buffer.from(file.buffer, file.byteOffset, file.length).toString('utf8')
  return text.split('\n').map((line) => line.split(':')).filter((parts) => parts.length === fields)
}
