import { zstdDecompressSync } from 'node:zlib'
import { RocketError } from '@rocket/contracts'
import { runProgramOrFail } from '@rocket/host'

/** Where the setup header says how the payload lies. Spec: the kernel's Documentation/arch/x86/boot.rst. */
const setupSectorsAt = 0x1f1
const payloadOffsetAt = 0x248
const payloadLengthAt = 0x24c
const zstdMagic = 0xfd2fb528
const xzMagic = Buffer.from([0xfd, 0x37, 0x7a, 0x58, 0x5a])
const elfMagic = 0x464c457f

/** The kernel inside a bzImage, uncompressed: an ELF file that PVH can enter, which spares a guest its own decompression. */
export function extractVmlinux(image: Buffer): Buffer {
  const start = ((image[setupSectorsAt] || 4) + 1) * 512 + image.readUInt32LE(payloadOffsetAt)
  // The last four bytes are the uncompressed length, which is of no compression's own format.
  const payload = image.subarray(start, start + image.readUInt32LE(payloadLengthAt) - 4)
  const kernel = decompress(payload)
  if (kernel.readUInt32LE(0) === elfMagic) return kernel
  throw new RocketError('GUEST_BUILD_FAILED', { what: 'the payload of the kernel image is no ELF file' })
}

function decompress(payload: Buffer): Buffer {
  if (payload.readUInt32LE(0) === zstdMagic) return zstdDecompressSync(payload)
  if (payload.subarray(0, xzMagic.length).equals(xzMagic)) return runProgramOrFail('xz', ['-dc', '--single-stream'], { input: payload, maxOutputBytes: 256 << 20 })
  throw new RocketError('GUEST_BUILD_FAILED', { what: 'the kernel image is compressed in a way that is not known here' })
}
