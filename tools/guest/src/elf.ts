const dynamicType = 2
const loadType = 1
const neededTag = 1n
const stringsTag = 5n

/** The shared libraries that a 64-bit ELF file names (DT_NEEDED), in its order; none for a static one. */
export function neededLibraries(elf: Buffer): string[] {
  const segments = programHeaders(elf)
  const dynamic = segments.find((segment) => segment.type === dynamicType)
  if (dynamic === undefined) return []
  const entries: [bigint, bigint][] = []
  for (let at = dynamic.offset; at < dynamic.offset + dynamic.size; at += 16) entries.push([elf.readBigUInt64LE(at), elf.readBigUInt64LE(at + 8)])
  const strings = entries.find(([tag]) => tag === stringsTag)?.[1]
  const home = segments.find((one) => one.type === loadType && strings !== undefined && strings >= one.address && strings < one.address + BigInt(one.size))
  if (strings === undefined || home === undefined) return []
  const base = home.offset + Number(strings - home.address)
  return entries.filter(([tag]) => tag === neededTag).map(([, value]) => {
    const start = base + Number(value)
    return elf.toString('latin1', start, elf.indexOf(0, start))
  })
}

function programHeaders(elf: Buffer): { type: number; offset: number; address: bigint; size: number }[] {
  const [start, size, count] = [Number(elf.readBigUInt64LE(32)), elf.readUInt16LE(54), elf.readUInt16LE(56)]
  return Array.from({ length: count }, (_, index) => {
    const at = start + index * size
    return {
      type: elf.readUInt32LE(at), offset: Number(elf.readBigUInt64LE(at + 8)), address: elf.readBigUInt64LE(at + 16), size: Number(elf.readBigUInt64LE(at + 32)),
    }
  })
}
