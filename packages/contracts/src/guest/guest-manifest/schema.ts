import * as z from 'zod'
import { Sha256 } from '../../common/schema.ts'

const FileName = z.string().regex(/^[a-z0-9][a-z0-9._-]*$/)

/** A guest as it was built: what a virtual machine needs to know to start it, and what is inside, down to the bytes. */
export const GuestManifest = z.strictObject({
  version: z.literal(1),
  kind: z.enum(['debian', 'small']),
  inputs: Sha256.meta({ description: 'of all that the guest was built from; the same inputs make the same bytes' }),
  architecture: z.enum(['amd64', 'arm64']),
  protocol: z.literal(1).meta({ description: 'of the control and event ports' }),
  kernel: z.strictObject({
    release: z.string().min(1),
    format: z.literal('elf-pvh').meta({ description: 'an uncompressed ELF file with the PVH entry note' }),
    commandLine: z.string().meta({ description: 'what this kernel wants on every machine' }),
    commandLineEmulated: z.string().meta({ description: 'what it wants besides where the processor is emulated' }),
    microvmNeedsAcpi: z.boolean().meta({ description: 'it finds the devices of a microvm through ACPI only' }),
  }),
  features: z.strictObject({
    virtiofs: z.boolean(), ninep: z.boolean(), erofs: z.boolean(), balloonReporting: z.boolean(), pci: z.boolean(),
  }),
  files: z.array(z.strictObject({ name: FileName, sizeBytes: z.int().min(0), digest: Sha256 })).min(2)
    .meta({ description: 'kernel and initramfs, beside the manifest' }),
  packages: z.array(z.strictObject({ name: z.string().min(1), packageVersion: z.string().min(1), digest: Sha256 }))
    .meta({ description: 'the Debian packages that something inside is from, sorted' }),
  contents: z.array(z.strictObject({ path: z.string().startsWith('/'), from: z.string().min(1), digest: Sha256.optional() }))
    .meta({ description: 'every file and link of the initramfs, sorted; `from` is a package, or a file of this repository' }),
}).meta({ title: 'GuestManifest', file: 'manifest.json', writer: 'tools/guest', readers: ['stage1-vm', 'cli'] })
export type GuestManifest = z.infer<typeof GuestManifest>
