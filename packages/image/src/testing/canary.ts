import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { digestOf, linux, native } from '@rocket/host'

export interface Stage {
  /** Does not exist yet; its parent is private. */
  target: string
  /** A tree outside of it, that nothing may change. */
  canary: string
  /** What is in the whole temporary directory, apart from the target: throws when it is not what it was. */
  assertUntouched(): void
  remove(): void
}

/** A place to unpack into with a canary beside it: a file, a directory, a link and their attributes. */
export function makeStage(): Stage {
  const directory = mkdtempSync(join(tmpdir(), 'rocket-canary-'))
  const canary = join(directory, 'canary')
  mkdirSync(join(canary, 'inner'), { recursive: true, mode: 0o751 })
  writeFileSync(join(canary, 'f'), 'alive\n', { mode: 0o640 })
  writeFileSync(join(canary, 'inner/victim'), 'alive too\n')
  symlinkSync('f', join(canary, 'link'))
  const before = describeTree(directory, 'target')
  return {
    target: join(directory, 'target'),
    canary,
    assertUntouched: () => {
      const after = describeTree(directory, 'target')
      if (after !== before) throw new Error(`the canary was touched:\n${before}\nbecame\n${after}`)
    },
    remove: () => rmSync(directory, { recursive: true, force: true }),
  }
}

/** One line per file: path, type and mode, owner, links, time, attributes, content. */
export function describeTree(root: string, except?: string): string {
  const lines: string[] = []
  const visit = (path: Buffer, shown: string): void => {
    const stat = native().fstatat(linux.AT_FDCWD, path, linux.AT_SYMLINK_NOFOLLOW)
    const type = stat.mode & linux.S_IFMT
    const xattrs = native()
      .listXattrs(path)
      .map((name) => `${name.toString('latin1')}=${native().getXattr(path, name)?.toString('hex')}`)
      .sort()
    const content =
      type === linux.S_IFREG
        ? `${stat.size} ${digestOf('sha256', readFileSync(path)).slice(0, 12)}`
        : type === linux.S_IFLNK
          ? native().readlinkat(linux.AT_FDCWD, path).toString('latin1')
          : type === linux.S_IFCHR || type === linux.S_IFBLK
            ? `${stat.major}:${stat.minor}`
            : ''
    // The root's own time changes with what is put beside it.
    const time = shown === '.' && except !== undefined ? '' : String(stat.mtimeNs)
    const links = type === linux.S_IFDIR ? '' : String(stat.nlink)
    lines.push([shown, stat.mode.toString(8), `${stat.uid}:${stat.gid}`, links, time, content, ...xattrs].join(' '))
    if (type !== linux.S_IFDIR) return
    for (const name of readdirSync(path, { encoding: 'buffer' }).sort(Buffer.compare)) {
      if (shown === '.' && name.toString() === except) continue
      visit(Buffer.concat([path, Buffer.from('/'), name]), `${shown}/${name.toString('latin1')}`)
    }
  }
  visit(Buffer.from(root), '.')
  return lines.join('\n')
}
