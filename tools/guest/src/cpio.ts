export interface CpioEntry {
  /** Absolute. */
  path: string
  mode: number
  /** A file's bytes, a link's target; empty for directories. */
  content: Uint8Array
}

const trailer: CpioEntry = { path: '/TRAILER!!!', mode: 0, content: new Uint8Array() }

/**
 * An initramfs: a cpio archive in the form `newc`, uncompressed, since unpacking costs an emulated processor more than reading. Everything
 * is root's and without a time, so the same entries are the same bytes. Spec: the kernel's buffer-format.rst.
 */
export function writeCpio(entries: readonly CpioEntry[]): Buffer {
  const parts = [...entries, trailer].flatMap((entry, index) => {
    const name = Buffer.from(`${entry.path.slice(1)}\0`)
    const links = entry === trailer || (entry.mode & 0o170000) !== 0o040000 ? 1 : 2
    const inode = entry === trailer ? 0 : index + 1
    const fields = [inode, entry.mode, 0, 0, links, 0, entry.content.length, 0, 0, 0, 0, name.length, 0]
    const header = Buffer.from(`070701${fields.map((field) => field.toString(16).padStart(8, '0')).join('')}`)
    return [header, name, padding(header.length + name.length), entry.content, padding(entry.content.length)]
  })
  return Buffer.concat(parts)
}

function padding(length: number): Buffer {
  return Buffer.alloc((4 - (length % 4)) % 4)
}
